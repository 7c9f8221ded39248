// Of the Markdown renderer: what it made of hostile texts that is not on its list.
async (payloads) => {
    const { imageNode, plainText, renderInline, renderMarkdown, safeUrl } = await import("/static/shared/markdown.js");
    const { h } = await import("/static/shared/dom.js");
    const allowed = new Set("div p br hr strong em code pre ul ol li blockquote table thead tbody tr th td a img".split(" "));
    const bad = [];
    const look = (payload, root) => {
        for (const one of root.querySelectorAll("*")) {
            const attributes = [...one.attributes].map(({ name }) => name);
            const known = { a: ["href", "target", "rel"], img: ["src", "alt", "loading"], div: ["class"], ol: ["start"] };
            if (!allowed.has(one.localName)) bad.push([payload, one.localName]);
            if (attributes.some((name) => !(known[one.localName] ?? []).includes(name))) bad.push([payload, attributes]);
            if (one.localName === "a" && !/^https?:/.test(one.href)) bad.push([payload, one.href]);
            if (one.localName === "img" && new URL(one.src).origin !== location.origin) bad.push([payload, one.src]);
        }
    };
    const around = (one) => [one, `**${one}**`, `- ${one}`, `> ${one}`, `| ${one} |\n|---|\n| ${one} |`, `[${one}](${one})`, `![${one}](${one})`, "`" + one];
    for (const payload of payloads) {
        for (const text of around(payload)) {
            look(text, renderMarkdown(text));
            const inline = h("div", {});
            inline.append(renderInline(text));
            look(text, inline);
            const picture = h("div", {}, imageNode(text, text, text));
            look(text, picture);
            look(text, h("div", {}, plainText(text)));
            const url = safeUrl(text);
            if (url && !/^https?:$/.test(url.protocol)) bad.push([text, url.href]);
        }
    }
    return bad;
}
