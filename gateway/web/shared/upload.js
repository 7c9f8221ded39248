/** One file on its way: XMLHttpRequest, because `fetch` does not tell how far an upload is. */

import { ApiError } from "./api.js";

const SILENCE_MS = 60_000;

/**
 * Bring a file under a key, so that once more brings the same; `progress(share)` is called with 0–1. Returns `{done, stop()}`, where `done` gives the server's
 * description of the file or throws an ApiError.
 */
export function upload(path, file, key, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", `${path}?name=${encodeURIComponent(file.name)}&key=${encodeURIComponent(key)}`);
    request.timeout = SILENCE_MS;
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    for (const kind of ["error", "timeout", "abort"]) request.addEventListener(kind, () => reject(new ApiError(0, "offline", "")));
    request.addEventListener("load", () => {
      const { status, response } = request;
      if (status === 201 && response?.attachment) resolve(response.attachment);
      else reject(new ApiError(status, response?.error ?? "error", response?.message ?? ""));
    });
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}
