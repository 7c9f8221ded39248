"""The tables of the reports page, as rows for a spreadsheet: numbers in seconds and shares, heads in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.report_words import REASONS, VERDICTS
from handoff.report_model import BOT, Promptness, Report, Reports, Spread

Row = list[str]
Rated = tuple[int, float | None]
NOBODY = "（排队中，无人接手）"
NO_GROUP = "（未知）"
NO_TOPIC = "（无从归类）"
_SPREAD = ("次数", "中位数（秒）", "90%（秒）", "95%（秒）", "最长（秒）")


def trend(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """One row for each part of the period."""
    head = ["起始", "会话", "客户消息", "机器人答复", "客服消息", "来访", "可评判来访", "独立解决率", "转人工", "接入"]
    head += ["放弃", "放弃率", "等待中位数（秒）", "等待 90%（秒）", "处理中位数（秒）", "处理 90%（秒）"]
    rows = [[*head, "人工评价次数", "人工平均评分", "机器人评价次数", "机器人平均评分"]]
    for label, part in zip(labels, found.parts, strict=True):
        volumes, bot, cases = part.volumes, part.resolution, part.handoffs
        rows.append(
            [
                label,
                *map(str, (volumes.conversations, volumes.customer_messages, volumes.bot_turns)),
                *map(str, (volumes.agent_messages, bot.contacts, bot.judged)),
                _share(bot.rate),
                *map(str, (cases.cases, cases.accepted, cases.abandoned)),
                _share(cases.abandonment),
                *(_seconds(ms) for ms in (cases.wait_ms.p50, cases.wait_ms.p90)),
                *(_seconds(ms) for ms in (cases.handle_ms.p50, cases.handle_ms.p90)),
                *(cell for n, mean in ratings(part) for cell in (str(n), _mean(mean))),
            ]
        )
    return rows


def resolution(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """What became of the contacts with the bot, and what counts."""
    bot = found.whole.resolution
    rows = [["来访结论", "来访"], *([VERDICTS[name], str(n)] for name, n in bot.verdicts.items())]
    rows += [["满 72 小时、可评判", str(bot.judged)], ["独立解决率", _share(bot.rate)]]
    return [*rows, ["评价有用", str(bot.useful_votes)], ["评价没用", str(bot.useless_votes)]]


def reasons(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """Why persons were called."""
    cases = found.whole.handoffs
    rows = [[REASONS.get(name, name), str(n), _share(n / cases.cases)] for name, n in cases.reasons.items()]
    return [["转接原因", "个案", "占比"], *rows]


def times(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """How long things took, and who did not stay for it."""
    cases = found.whole.handoffs
    measured = (("等待接入", cases.wait_ms), ("处理", cases.handle_ms), ("放弃前等了", cases.gave_up_ms))
    return [["时长", *_SPREAD], *([name, *_spread(one)] for name, one in measured)]


def agents(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """Promptness by agent."""
    rows = ((names.get(name, name) or NOBODY, one) for name, one in found.whole.by_agent.items())
    return [_promptness_head("客服"), *(_promptness(name, one) for name, one in rows)]


def groups(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """Promptness by group."""
    rows = ((name or NO_GROUP, one) for name, one in found.whole.by_group.items())
    return [_promptness_head("技能组"), *(_promptness(name, one) for name, one in rows)]


def satisfaction(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """Ratings by who had the stretch."""
    head = ["服务方", "评价次数", "平均评分", *(f"{score} 分" for score in range(1, 6))]
    shown = {BOT: "智能客服", **names}
    rows = []
    for name, one in found.whole.satisfaction.items():
        scores = [str(one.scores[str(score)]) for score in range(1, 6)]
        rows.append([shown.get(name, name), str(one.n), _mean(one.mean), *scores])
    return [head, *rows]


def misses(found: Reports, labels: Sequence[str], names: Mapping[str, str]) -> list[Row]:
    """What the bot had no answer to; examples come without what identifies those who asked."""
    head = ["话题", "次数", "例一", "例二", "例三"]
    rows = [[one.topic or NO_TOPIC, str(one.n), *(one.examples + ("",) * 3)[:3]] for one in found.whole.misses]
    return [head, *rows]


#: Every table of the page by the name in its address.
TABLES: Mapping[str, Callable[[Reports, Sequence[str], Mapping[str, str]], list[Row]]] = {
    "trend": trend,
    "resolution": resolution,
    "reasons": reasons,
    "times": times,
    "agents": agents,
    "groups": groups,
    "satisfaction": satisfaction,
    "misses": misses,
}


def ratings(found: Report) -> tuple[Rated, Rated]:
    """The ratings of persons together, and those of the bot: what one did well or badly is not the other's."""
    persons = [one for name, one in found.satisfaction.items() if name != BOT]
    n = sum(one.n for one in persons)
    bot = found.satisfaction.get(BOT)
    mean = sum(one.mean * one.n for one in persons) / n if n else None
    return (n, mean), (bot.n, bot.mean) if bot else (0, None)


def _promptness_head(who: str) -> Row:
    return [who, "待答", "已答", "超时", "未答", "达标率", *(f"用时{name}" for name in _SPREAD[1:])]


def _promptness(name: str, one: Promptness) -> Row:
    counts = map(str, (one.owed, one.answered, one.late, one.open))
    return [name, *counts, _share(one.on_time), *_spread(one.took_ms)[1:]]


def _spread(one: Spread) -> Row:
    return [str(one.n), *(_seconds(ms) for ms in (one.p50, one.p90, one.p95, one.most))]


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.0f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"


def _mean(mean: float | None) -> str:
    return "" if mean is None else f"{mean:.2f}"
