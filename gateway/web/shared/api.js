/** JSON over HTTP with the page's own cookie. */

export class ApiError extends Error {
  /** `status`: HTTP status, 0 when nothing answered; `code`: the server's stable word; `details`: the whole answer. */
  constructor(status, code, message, details = {}) {
    super(message || code);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);

/** As `post`, hearing how far long work is: `progress` is called with each `{step, done, total}`. */
export async function stream(path, body, progress) {
  const answer = await sent("POST", path, body, "application/x-ndjson");
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/x-ndjson")) return read(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) throw new ApiError(0, "offline", ""); // the last line is never progress
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const document = JSON.parse(line);
      if (document.progress) progress(document.progress);
      else if (document.refused) throw new ApiError(document.refused, document.error ?? "error", document.message ?? "", document);
      else return document.answer;
    }
  }
}

export async function call(method, path, body) {
  return read(await sent(method, path, body, "application/json"));
}

async function sent(method, path, body, accept) {
  const options = { method, credentials: "same-origin", headers: { Accept: accept } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, options);
  } catch {
    throw new ApiError(0, "offline", "");
  }
}

async function read(answer) {
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, document.error ?? "error", document.message ?? "", document);
  return document;
}
