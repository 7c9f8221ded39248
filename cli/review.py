"""`jiehua kb replay`, `kb gaps`, `kb calibrate`: what to look at before a change goes live, and what to write next."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.conversations import DataOption, open_archive
from cli.kb import EncoderOption, FaqOption, JsonOption, build_finder, load_base, open_encoder, read_questions
from cli.places import ENCODER, FAQ, FINDER, ROOT
from cli.problem import Problem
from cli.whole_file import write_whole

if TYPE_CHECKING:  # imported where they are used: torch takes seconds
    from knowledge_base.asked import Asked
    from knowledge_base.entry import FaqEntry
    from knowledge_base.files import Loaded
    from knowledge_base.gaps import Gap
    from knowledge_base.queries import Query
    from knowledge_base.replay import Replay

SHOWN = 20
_COLOURS = {"broken": "red", "weaker": "yellow", "changed": "default", "improved": "green"}
_WORDS = {"broken": "答坏了", "weaker": "变弱", "changed": "有变化", "improved": "变好", "same": "不变"}
_WHYS = {"missed": "答不上", "none_chosen": "没选", "useless": "没用", "by_person": "人工答"}


def replay(
    draft: Annotated[Path, typer.Option("--draft", help="草稿库:目录、.yml 或 .jsonl the draft base")],
    queries: Annotated[Path | None, typer.Option("--queries", help="真实问题 JSON Lines:text,可有 gold")] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help="归档里最近的真实问题,几个 the last N asked, from the archive")
    ] = None,
    golden: Annotated[Path | None, typer.Option("--golden", help="标准问题 JSON Lines:text, gold")] = None,
    oos: Annotated[Path | None, typer.Option("--oos", help="库外问题 JSON Lines:text,不该回答")] = None,
    on_top: Annotated[
        bool, typer.Option("--on-top", help="草稿只有改动的条目,叠在现有库上,当作已发布 laid over the live base")
    ] = False,
    allow: Annotated[str | None, typer.Option("--allow", help="答坏了也放行的理由 why a broken one is fine")] = None,
    faq: FaqOption = FAQ,
    encoder: EncoderOption = str(ENCODER),
    data: DataOption = Path("var"),
    as_json: JsonOption = False,
) -> None:
    """发布前比一比:草稿和现有库对真实问题的回答 a draft against the live base on questions that customers asked.

    标准问题答坏了,退出码 1;写明 --allow "理由" 就放行,理由记在结果里。
    """
    from knowledge_base.finder import Finder
    from knowledge_base.replay import Verdict
    from knowledge_base.replay import replay as compare

    if not (queries or golden or oos or last):
        raise Problem("没有要问的问题", "至少给 --last、--queries、--golden、--oos 之一")
    if allow is not None and not allow.strip():
        raise Problem("--allow 后面要写理由", '例:--allow "这条活动已经结束"')
    asked = read_questions(queries, labelled=False) if queries else []
    asked += _last_asked(data, last) if last else []
    known = read_questions(golden) if golden else []
    known += read_questions(oos, oos=True) if oos else []
    live_base, drafted = load_base(faq), _draft(draft, published=on_top)
    entries = {one.id: one for one in live_base.entries} if on_top else {}
    entries |= {one.id: one for one in drafted}
    model = open_encoder(encoder)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("重放", total=len(asked) + len(known))
        live = Finder.build(live_base.entries, model)
        new = Finder.build(list(entries.values()), model, previous=live.base.preparation)
        result = compare(live, new, asked, known, lambda: progress.advance(task))
    broken = result.of(Verdict.BROKEN)
    if as_json:
        print(json.dumps(result.report() | {"allowed": allow}, ensure_ascii=False))
    else:
        _show_replay(Console(), result, allow)
    raise typer.Exit(1 if broken and not allow else 0)


def gaps(
    asked: Annotated[
        Path | None,
        typer.Option("--asked", help="客户的问题 JSON Lines;不给就读归档 else from the archive"),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="归档里最近几天 days of the archive")] = 30,
    draft: Annotated[Path | None, typer.Option("--draft", help="把草稿条目写到这个 .yml write draft entries")] = None,
    least: Annotated[int, typer.Option("--least", min=1, help="至少问过几次 asked at least")] = 2,
    top: Annotated[int, typer.Option("--top", min=1, help="最多列几个 at most")] = 20,
    faq: FaqOption = FAQ,
    encoder: EncoderOption = str(ENCODER),
    data: DataOption = Path("var"),
    as_json: JsonOption = False,
) -> None:
    """缺什么条目:没答上、被评没用、给了选项没选的问题,归类排序 what customers ask and the base does not answer."""
    from knowledge_base.asked import AskedFile, AskedFileError
    from knowledge_base.exchange import to_yaml
    from knowledge_base.gaps import find_gaps, unanswered

    if draft is not None and draft.exists():
        raise Problem(f"{draft} 已经存在", "换一个文件名,免得盖掉别人的草稿")
    finder = build_finder(faq, encoder)
    try:
        source = AskedFile(asked) if asked is not None else _archived(data, days)
        open_questions, since = unanswered(source, finder)
    except AskedFileError as error:
        raise Problem(str(error)) from error
    found = find_gaps(open_questions, finder.base.encoder, least_asks=least, finder=finder)
    if draft is not None and found:
        write_whole(draft, to_yaml([gap.draft() for gap in found[:top]]).encode("utf-8"))
    if as_json:
        rows = [asdict(gap) | {"impact": gap.impact} for gap in found[:top]]
        report = {"unanswered": len(open_questions), "answered_since": since, "gaps": len(found), "rows": rows}
        print(json.dumps(report, ensure_ascii=False))
        return
    console = Console()
    _show_gaps(console, found[:top])
    console.print(
        f"没答好的问题 {len(open_questions)} 个,问过 {least} 次以上的归成 {len(found)} 类;"
        f"另有 {since} 个现在已经答得上" + (f";草稿写在 {draft}" if draft and found else ""),
        highlight=False,
    )


def calibrate(
    encoder: EncoderOption = str(ENCODER),
    data: Annotated[Path, typer.Option("--data", help="有 dev/ 的数据目录 data with dev/")] = ROOT / "data",
    out: Annotated[Path, typer.Option("--out", help="写到哪个目录 where calibration.json goes")] = FINDER,
) -> None:
    """为编码器重新拟合概率和阈值 refit probabilities and thresholds for an encoder.

    什么时候需要:换了 --encoder;重新训练了编码器;升级后提示 calibration.json 的格式或特征对不上。
    只改条目不需要。要一两分钟;写好 calibration.json 后重启服务。需要训练环境(make test 会装)。
    """
    if not (data / "dev").is_dir():
        raise Problem(f"{data} 里没有 dev 目录", "用源码里的 data,或照 data/dev/README.md 准备")
    open_encoder(encoder)  # a clear word now instead of a stack trace later
    try:
        from training import calibrate as recipe
    except ImportError as error:
        raise Problem(f"缺少训练用的包:{error.name}", "./setup.sh dev 装好再来", status=1) from error
    console = Console()
    recipe.main(out, data, encoder, say=lambda line: console.print(line, highlight=False, soft_wrap=True))


def _draft(path: Path, *, published: bool) -> Sequence[FaqEntry]:
    """The entries of a draft without errors; `published`: drafts count as if they were published already."""
    from knowledge_base import files
    from knowledge_base.entry import Status
    from knowledge_base.problems import errors

    if not path.exists():
        raise Problem(f"找不到草稿 {path}")
    loaded: Loaded = files.load(path)
    wrong = errors(loaded.problems)
    if wrong:
        raise Problem(f"草稿有 {len(wrong)} 处错误:{wrong[0]}", f"jiehua kb check {path}", status=1)
    if not published:
        return loaded.entries
    return [replace(one, status=Status.PUBLISHED) if one.status is Status.DRAFT else one for one in loaded.entries]


def _last_asked(data: Path, count: int) -> list[Query]:
    """The last questions that customers asked, each once."""
    from gateway.asked import latest
    from knowledge_base.queries import Query

    with open_archive(data) as archive:
        found = latest(archive, count, now_ms=time.time_ns() // 1_000_000)
    return [Query(text) for text in dict.fromkeys(one.text for one in found)]


def _archived(data: Path, days: int) -> list[Asked]:
    """What customers asked in the last days, without what says who they are: drafts are made of it."""
    from gateway.asked import DAY_MS, ArchivedQuestions, asked_of
    from language.personal import masked

    now_ms = time.time_ns() // 1_000_000
    with open_archive(data) as archive:
        found = [asked_of(one) for one in ArchivedQuestions(archive, now_ms - days * DAY_MS, now_ms + 1).questions()]
    return [replace(one, text=masked(one.text), reply=masked(one.reply)) for one in found]


def _show_replay(console: Console, result: Replay, allow: str | None) -> None:
    from knowledge_base.replay import Reply, Verdict

    def shown(reply: Reply) -> str:
        return "、".join(reply.entries) or "—"

    table = Table("", "问题", "变化", "现在", "草稿", box=None)
    left = 0
    for verdict in (Verdict.BROKEN, Verdict.WEAKER, Verdict.CHANGED, Verdict.IMPROVED):
        shifts = result.of(verdict)
        left += max(0, len(shifts) - SHOWN)
        for one in shifts[:SHOWN]:
            mark = f"[{_COLOURS[verdict.value]}]{_WORDS[verdict.value]}[/]"
            table.add_row(mark, one.query.text[:40], one.what, shown(one.live), shown(one.draft))
    if table.row_count:
        console.print(table)
    if left:
        console.print(f"… 还有 {left} 个,--json 看全部", highlight=False)
    counts = ",".join(f"{_WORDS[verdict.value]} {len(result.of(verdict))}" for verdict in Verdict)
    console.print(f"{len(result.shifts)} 个问题:{counts}", highlight=False)
    if allow and result.of(Verdict.BROKEN):
        console.print(f"已放行:{allow}", highlight=False, markup=False)


def _show_gaps(console: Console, found: Sequence[Gap]) -> None:
    table = Table("问过", "转人工", "人工分钟", "问题", "原因", "最近的条目", box=None)
    for gap in found:
        whys = "、".join(f"{_WHYS[why]} {count}" for why, count in gap.whys.items())
        near = f"{gap.nearest} {gap.nearest_probability:.2f}" if gap.nearest else "—"
        table.add_row(str(gap.asks), str(gap.handoffs), f"{gap.agent_minutes:g}", gap.question[:40], whys, near)
    if found:
        console.print(table)
