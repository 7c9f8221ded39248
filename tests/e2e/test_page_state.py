"""The pure parts of the screens, run in the browser they are written for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.pages import CustomerPage

pytestmark = pytest.mark.browser


def entry(seq: int, author: str = "customer", kind: str = "message", **data: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at_ms": 1_000 * seq,
        "kind": kind,
        "author": author,
        "text": f"line {seq}",
        "key": f"k{seq}" if author == "customer" else "",
        "author_id": "",
        "data": data,
    }


def view(last_seq: int, epoch: int, **changes: Any) -> dict[str, Any]:
    return {
        "conversation_id": "c",
        "owner": "bot",
        "epoch": epoch,
        "last_seq": last_seq,
        "case_state": "none",
        **changes,
    }


ENTRIES = [entry(seq, "bot" if seq % 3 == 0 else "customer") for seq in range(1, 9)]
SHOP = {"name": "shop", "greeting": "", "chips": []}
EVENTS = [
    {"type": "entry", "entry": ENTRIES[5]},
    {"type": "typing", "author": "bot", "on": True},
    {"type": "conversation", "conversation": view(6, 2, case_state="waiting", case_id="x")},
    {"type": "entry", "entry": ENTRIES[6]},
    {"type": "typing", "author": "bot", "on": False},
    {"type": "entry", "entry": ENTRIES[7]},
    {"type": "conversation", "conversation": view(8, 3, owner="agent", case_state="active", case_id="x")},
]
CUT = """async ([entries, shop, events, views]) => {
    const { EMPTY, apply } = await import("/static/widget/state.js");
    const snapshot = (from, to, view) =>
        ({ type: "snapshot", conversation: view, entries: entries.slice(from, to), shop });
    const run = (state, frames) => frames.reduce((held, frame) => apply(held, frame, 0), state);
    const fresh = run(EMPTY, [snapshot(0, 8, views[1])]);
    const different = [];
    for (let lost = 0; lost <= events.length; lost += 1) {
        // Events up to `lost` came; then the connection broke, and the page asked for what is after its last line.
        const stale = run(EMPTY, [snapshot(0, 5, views[0]), ...events.slice(0, lost)]);
        const after = stale.entries.at(-1).seq;
        const caught = run(stale, [snapshot(after, 8, views[1])]);
        // The rest of the old stream, and all of it once more, late.
        for (const late of [[], events.slice(lost), events, [...events].reverse()]) {
            const state = run(caught, late);
            const same = JSON.stringify({ ...state, typing: {} }) === JSON.stringify(fresh);
            if (!same) different.push([lost, late.length]);
        }
    }
    return different;
}"""


def test_a_stale_page_that_catches_up_equals_a_fresh_one_wherever_the_stream_was_cut(
    customer: Callable[..., CustomerPage],
) -> None:
    page = customer().page
    views = [view(5, 1), view(8, 3, owner="agent", case_state="active", case_id="x")]
    assert page.evaluate(CUT, [ENTRIES, SHOP, EVENTS, views]) == []


FLOOR = """async (steps) => {
    const { EMPTY, apply } = await import("/static/console/state.js");
    const run = (state, frames) => frames.reduce((held, frame) => apply(held, frame), state);
    const view = ({ others, left, floor }) => JSON.stringify([others, left, floor]);
    const whole = (at) => {
        const cases = {};
        for (const { cases: changed, gone } of steps.slice(0, at)) {
            for (const id of gone) delete cases[id];
            for (const item of changed) cases[item.case_id] = item;
        }
        return { type: "floor", floor: "f", id: 1 + at, cases: Object.values(cases), gone: [], whole: true };
    };
    const frames = steps.map((step, at) => ({ type: "floor", floor: "f", id: 2 + at, whole: false, ...step }));
    const fresh = view(apply(EMPTY, whole(steps.length)));
    const different = [];
    for (let from = 0; from <= steps.length; from += 1) {
        for (let lost = from; lost <= steps.length; lost += 1) {
            // Began at `from`, heard until `lost`; then the connection broke, and the rest came, some twice and late.
            const stale = run(apply(EMPTY, whole(from)), frames.slice(from, lost));
            const caught = run(stale, frames.slice(lost));
            for (const late of [[], frames, [...frames].reverse()]) {
                if (view(run(caught, late)) !== fresh) different.push([from, lost, late.length]);
            }
            const skipped = frames[lost + 1];
            if (skipped && !apply(stale, skipped).floor.gap) different.push([from, lost, "gap"]);
        }
    }
    return different;
}"""


def test_a_stale_floor_that_catches_up_equals_a_fresh_one_wherever_the_stream_was_cut(
    customer: Callable[..., CustomerPage],
) -> None:
    def item(name: str, at: int, **changes: Any) -> dict[str, Any]:
        held = {"case_id": name, "conversation_id": f"c-{name}", "state": "active", "agent_id": "li", "epoch": 2}
        return {**held, "accepted_ms": at, "enqueued_ms": at, **changes}

    steps = [
        {"cases": [item("b", 2)], "gone": []},
        {"cases": [item("a", 1), item("b", 2, last_text="在吗")], "gone": []},
        {"cases": [item("m", 0, state="message_left", agent_id="")], "gone": []},
        {"cases": [item("a", 1, state="wrap_up")], "gone": ["b"]},
        {"cases": [item("d", 4)], "gone": ["m"]},
        {"cases": [], "gone": ["a"]},
    ]
    assert customer().page.evaluate(FLOOR, steps) == []


def test_the_console_keeps_one_copy_of_an_entry_and_forgets_a_case_that_left(
    customer: Callable[..., CustomerPage],
) -> None:
    page = customer().page
    script = """async (entries) => {
        const { EMPTY, apply, mine, withThread } = await import("/static/console/state.js");
        const item = { case_id: "x", conversation_id: "c", state: "active", agent_id: "me", epoch: 2, enqueued_ms: 1 };
        let state = { ...withThread(EMPTY, "c", entries.slice(0, 4)), me: { name: "me" } };
        for (const entry of [entries[4], entries[3], entries[4], entries[2]]) {
            state = apply(state, { type: "entry", conversation_id: "c", entry });
        }
        state = apply(state, { type: "entry", conversation_id: "not-open", entry: entries[0] });
        const seen = [];
        for (const change of [{}, { epoch: 1, state: "offered", offered_to: "me" }, { epoch: 3, agent_id: "other" }]) {
            state = apply(state, { type: "case", case: { ...item, ...change } });
            seen.push(mine(state).map((held) => held.state));
        }
        return { seqs: state.threads.c.map((entry) => entry.seq), threads: Object.keys(state.threads), seen };
    }"""
    assert page.evaluate(script, ENTRIES) == {
        "seqs": [1, 2, 3, 4, 5],
        "threads": ["c"],
        "seen": [["active"], ["active"], []],
    }


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**粗**和*斜*与`码`", "<p><strong>粗</strong>和<em>斜</em>与<code>码</code></p>"),
        ("- 一\n- 二\n\n1. 甲\n2. 乙", "<ul><li>一</li><li>二</li></ul><ol><li>甲</li><li>乙</li></ol>"),
        ("# 题\n正文\n第二行", "<p><strong>题</strong></p><p>正文<br>第二行</p>"),
        ("> 引\n> 用", "<blockquote>引<br>用</blockquote>"),
        ("| 甲 | 乙 |\n|---|---|\n| 1 | 2 |", None),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](JaVaScRiPt://%0aalert(1))", "<p>[x](JaVaScRiPt://%0aalert(1))</p>"),
        ("![x](data:image/svg+xml,<svg/onload=alert(1)>)", None),
        ("<b>不是标签</b>", "<p>&lt;b&gt;不是标签&lt;/b&gt;</p>"),
        ("2 * 3 * 4，**没有结尾", "<p>2 * 3 * 4，**没有结尾</p>"),
        (r"\*不是斜体\*", "<p>*不是斜体*</p>"),
    ],
)
def test_markdown_becomes_nodes_and_nothing_else(
    customer: Callable[..., CustomerPage], source: str, html: str | None
) -> None:
    page = customer().page
    script = """async (source) => {
        const { renderMarkdown } = await import("/static/shared/markdown.js");
        const root = renderMarkdown(source);
        const bad = [...root.querySelectorAll("*")].filter((node) =>
            ["SCRIPT", "IMG", "IFRAME", "SVG", "OBJECT"].includes(node.tagName.toUpperCase()) ||
            [...node.attributes].some((attribute) => /^on|^style$/.test(attribute.name)) ||
            (node.tagName === "A" && !/^https?:/.test(node.href)));
        return [root.innerHTML, bad.length];
    }"""
    rendered, bad = page.evaluate(script, source)
    assert bad == 0
    if html is not None:
        assert rendered == html


def test_links_of_answers_open_elsewhere_and_know_nothing_of_this_page(customer: Callable[..., CustomerPage]) -> None:
    page = customer().page
    script = """async (source) => {
        const { renderMarkdown } = await import("/static/shared/markdown.js");
        const links = renderMarkdown(source).querySelectorAll("a");
        return [...links].map((a) => [a.textContent, a.getAttribute("href"), a.target, a.rel]);
    }"""
    source = "见[规则](https://example.com/a)，或 https://example.com/b。图：![图](https://elsewhere.example/x.png)"
    rel = "noopener noreferrer nofollow"
    assert page.evaluate(script, source) == [
        ["规则", "https://example.com/a", "_blank", rel],
        ["https://example.com/b", "https://example.com/b", "_blank", rel],
        ["图", "https://elsewhere.example/x.png", "_blank", rel],
    ]


def test_the_page_speaks_english_when_asked(customer: Callable[..., CustomerPage]) -> None:
    page = customer()
    page.page.goto(f"{page.url}/?lang=en")
    page.human_button.filter(has_text="Talk to a person").wait_for()
    assert page.page.evaluate("document.documentElement.lang") == "en"
    page.page.goto(page.url)
    page.human_button.filter(has_text="Talk to a person").wait_for()


def test_the_window_over_a_long_log_stays_on_its_lines_whatever_comes_above_and_below(
    customer: Callable[..., CustomerPage],
) -> None:
    script = """async () => {
        const { LogWindow } = await import("/static/console/window.js");
        const ids = (from, to) => Array.from({ length: to - from }, (_, at) => `e${from + at}`);
        const part = new LogWindow();
        const inside = (held) => { const [start, end] = part.range; return [held[start], held[end - 1], end - start]; };
        const seen = [];
        let held = ids(1000, 1200);
        part.update(held, true);
        seen.push(inside(held));                     // the end
        part.up();
        seen.push(inside(held));                     // slid up, the end still inside
        held = ids(1000, 1205);
        part.update(held, false);
        seen.push(inside(held));                     // lines came below a reader near the end
        while (part.up());
        held = ids(800, 1205);
        part.update(held, false);
        seen.push(inside(held));                     // an earlier page came above: the same lines
        while (part.up());
        seen.push(inside(held));                     // the very first, and no more than the most
        held = ids(800, 1210);
        part.update(held, false);
        seen.push(inside(held));                     // far from the end, new lines change nothing
        seen.push([part.reach("e1150"), inside(held)[0] <= "e1150", part.reach("nowhere")]);
        while (part.down());
        seen.push(inside(held));
        part.update(held, true);
        seen.push(inside(held));                     // following again
        return seen;
    }"""
    assert customer().page.evaluate(script) == [
        ["e1080", "e1199", 120],
        ["e1020", "e1199", 180],
        ["e1020", "e1204", 185],
        ["e1000", "e1204", 205],
        ["e800", "e1099", 300],
        ["e800", "e1099", 300],
        [True, True, False],
        ["e1090", "e1209", 120],
        ["e1090", "e1209", 120],
    ]
