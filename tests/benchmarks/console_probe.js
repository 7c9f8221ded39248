// Runs before the scripts of the agent's console and measures them: `spans` are the times in ms from a message's arrival
// in the page to after the frame of the screen that shows it, `interactiveMs` when the page could be worked with.
(() => {
    const came = new Map();
    window.probe = { chats: 30, spans: [], longTasks: [], interactiveMs: 0 };
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
        constructor(...all) {
            super(...all);
            this.addEventListener("message", (event) => {
                const mark = /"kind":"message","author":"customer","text":"(mark-\d+)/.exec(event.data)?.[1];
                if (mark && !came.has(mark)) came.set(mark, performance.now());
            });
        }
    };
    const afterPaint = (act) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = act;
        port2.postMessage(0);
    };
    const look = () => {
        if (came.size) {
            const list = document.querySelector(".chats")?.textContent ?? "";
            const latest = [...document.querySelectorAll(".turn-customer")].slice(-5);
            const turns = latest.map((one) => one.textContent).join();
            const drawn = [...came.keys()].filter((mark) => list.includes(mark) || turns.includes(mark));
            if (drawn.length) afterPaint(() => drawn.forEach((mark) => {
                if (came.has(mark)) probe.spans.push(performance.now() - came.get(mark));
                came.delete(mark);
            }));
        }
        if (!probe.interactiveMs && document.querySelectorAll(".chat").length >= probe.chats
            && document.querySelector(".turn") && !document.querySelector(".write-field")?.disabled) {
            afterPaint(() => { probe.interactiveMs ||= performance.now(); });
        }
        requestAnimationFrame(look);
    };
    // After the page's own drawing of the same frame.
    requestAnimationFrame(() => setTimeout(look));
    new PerformanceObserver((seen) => seen.getEntries().forEach((one) => probe.longTasks.push(one.duration)))
        .observe({ type: "longtask" });
})();
