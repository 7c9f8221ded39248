/**
 * One line in any page:  <script src="https://your-shop/widget.js" defer></script>
 *
 * A button in a shadow root that opens the customer page in a frame. Nothing of the host page is read, and its style
 * cannot reach in. `data-label` gives the button another text.
 *
 * A site that knows its customers says who is there, signed by its server (docs/subsystems/records.md):
 * `data-user`, `data-issued-at`, `data-name`, `data-signature` on the script, empty `data-user` for nobody; or later
 * `jiehua.identify({external_id, issued_at, name, signature})`, also with a function that gives that when it is wanted,
 * and `jiehua.identify(null)` when they log out. It goes to the frame by `postMessage`, to its origin alone, and is in
 * no address. `jiehua.open()` and `jiehua.close()` do what the buttons do.
 */
(() => {
  const script = document.currentScript;
  if (!script || document.querySelector("jiehua-launcher")) return;
  const origin = new URL(script.src).origin;
  const { label = "在线客服", user, name = "", issuedAt, signature } = script.dataset;

  // undefined: the site says nothing; null: nobody is logged in; else the statement, or a function that gives it.
  let who = user === undefined ? undefined : user === "" ? null : { external_id: user, issued_at: Number(issuedAt), name, signature };

  const style = `
    :host { all: initial; position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; }
    button { display: flex; align-items: center; gap: 8px; min-height: 48px; padding: 0 20px; border: 0; border-radius: 24px;
      background: #0b6b61; color: #fff; font: 600 16px/1 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif;
      box-shadow: 0 4px 16px rgb(20 30 40 / 30%); cursor: pointer; }
    button:focus-visible { outline: 3px solid #8fc4bd; outline-offset: 2px; }
    .unread { min-width: 20px; padding: 4px 6px; border-radius: 10px; background: #fff; color: #0b6b61; font-size: 13px; }
    [hidden] { display: none; }
    iframe { position: fixed; right: 16px; bottom: 16px; width: 400px; height: min(640px, calc(100dvh - 32px)); border: 0;
      border-radius: 16px; background: #fff; box-shadow: 0 8px 32px rgb(20 30 40 / 30%); color-scheme: light dark; }
    @media (max-width: 480px) { iframe { inset: 0; width: 100%; height: 100dvh; border-radius: 0; } }
  `;

  class JiehuaLauncher extends HTMLElement {
    #frame = null;
    #button = document.createElement("button");
    #count = document.createElement("span");

    connectedCallback() {
      const root = this.attachShadow({ mode: "closed" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      root.adoptedStyleSheets = [sheet];
      this.#button.type = "button";
      this.#button.setAttribute("aria-expanded", "false");
      this.#button.append(label, this.#count);
      this.#count.className = "unread";
      this.#count.hidden = true;
      this.#button.addEventListener("click", () => this.show(true));
      root.append(this.#button);
      window.addEventListener("message", (event) => this.#heard(event));
      // A signature lasts minutes: it is used while it is fresh, not when the chat is opened after an hour.
      if (who) this.#load();
    }

    show(shown) {
      if (shown) this.#load();
      if (!this.#frame || this.#frame.hidden !== shown) return;
      this.#frame.hidden = !shown;
      this.#button.hidden = shown;
      this.#button.setAttribute("aria-expanded", String(shown));
      this.#tell();
      if (shown) this.#frame.focus();
      else this.#button.focus();
    }

    /** The page names somebody else: the chat begins anew as theirs. */
    renamed() {
      if (this.#frame) this.#post({ type: "jiehua:identity-changed" });
      else if (who && typeof who !== "function") this.#load();
    }

    #load() {
      if (this.#frame) return;
      this.#frame = document.createElement("iframe");
      this.#frame.title = label;
      this.#frame.hidden = true;
      this.#frame.src = `${origin}/?embed=1&host=${encodeURIComponent(window.location.origin)}`;
      this.#frame.addEventListener("load", () => this.#tell());
      this.#button.after(this.#frame);
    }

    #post(message) {
      this.#frame.contentWindow?.postMessage(message, origin);
    }

    #tell() {
      this.#post({ type: "jiehua:shown", shown: !this.#frame.hidden });
    }

    async #heard(event) {
      if (!this.#frame || event.origin !== origin || event.source !== this.#frame.contentWindow) return;
      if (event.data?.type === "jiehua:hello") {
        let identity = null;
        try {
          identity = typeof who === "function" ? await who() : who;
        } catch (error) {
          // The site's own trouble: nobody is let in as somebody, and its developers are told.
          console.error("jiehua.identify:", error);
        }
        this.#post({ type: "jiehua:identity", identity: identity ?? null, nobody: who !== undefined && !identity });
      }
      if (event.data?.type === "jiehua:close") this.show(false);
      if (event.data?.type === "jiehua:unread" && Number.isInteger(event.data.count)) {
        this.#count.textContent = event.data.count > 99 ? "99+" : String(event.data.count);
        this.#count.hidden = event.data.count === 0;
      }
    }
  }

  customElements.define("jiehua-launcher", JiehuaLauncher);
  const launcher = document.createElement("jiehua-launcher");
  window.jiehua = Object.freeze({
    identify(given) {
      who = given ?? null;
      launcher.renamed();
    },
    open: () => launcher.show(true),
    close: () => launcher.show(false),
  });
  const add = () => document.body.append(launcher);
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
})();
