// Of a page: elements and attributes that could act, links that could run, pictures from elsewhere.
() => {
    const found = [];
    const ours = new Set([...document.querySelectorAll("head script, head link")]);
    for (const one of document.querySelectorAll("*")) {
        const acts = [...one.attributes].filter(({ name }) => /^on|^srcdoc$|^formaction$/i.test(name));
        // Only a writing box that grows with its text has a style of its own, set by its script.
        if (one.hasAttribute("style") && one.localName !== "textarea") found.push(one.outerHTML.slice(0, 200));
        const tag = one.localName;
        const foreign = /^(script|iframe|object|embed|base|meta|link|style|svg|math|template|video|audio|form)$/.test(tag);
        if (acts.length) found.push(one.outerHTML.slice(0, 200));
        else if (foreign && !ours.has(one) && !one.closest("head") && !one.matches("form:not([action])")) found.push(tag);
        if (tag === "a" && one.hasAttribute("href") && !/^https?:$/.test(one.protocol)) found.push(one.href);
        if (tag === "img" && new URL(one.src).origin !== location.origin && !one.src.startsWith("blob:")) found.push(one.src);
    }
    return found;
}
