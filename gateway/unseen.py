"""What the bot says of files: it cannot look into them, and says so."""

from __future__ import annotations

from dataclasses import replace

from contracts.turn import BotMessage, Button, TurnResult
from handoff.model import Turn

ASK = "转人工"
ALONE = "我收到了您发的文件，不过我看不了图片和文件的内容。您可以用文字说一说遇到的问题，或者转给人工客服，他们看得到。"
ALONE_WAITING = "收到了。我看不了图片和文件的内容，人工客服接入后就能看到，您的排队位置不变。"
BESIDE = "您发的图片或文件我看不了，上面是按您写的文字回答的；需要有人看的话，可以转人工。"


def about_files(turn: Turn) -> TurnResult:
    """The answer to a message that holds nothing but files; offers a person, unless one is called already."""
    if turn.case_state != "none":
        return TurnResult((BotMessage(ALONE_WAITING),))
    return TurnResult((BotMessage(ALONE, buttons=(Button(ASK),)),))


def with_remark(result: TurnResult, turn: Turn) -> TurnResult:
    """The bot's result with a word about the files beside the text; none is needed where a person is called."""
    if not turn.attachments or result.escalation is not None or turn.case_state != "none":
        return result
    return replace(result, messages=(*result.messages, BotMessage(BESIDE, buttons=(Button(ASK),))))
