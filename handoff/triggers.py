"""When a person is due: pure rules over what was said and understood.

Two questions, asked at two moments. `before_answer` looks at the message alone and is asked before the knowledge
base is: a request, a threat, a sensitive matter, anger, the same thing asked or reported once more. `after_answer`
looks at what the answer was: misses in a row, an FAQ entry that is marked to escalate.

The history holds the customer's turns of this stretch with the bot, oldest first, the current one last; after a
person has been called it starts anew. Thresholds and word lists are in `triggers.yml`, which editors may read and
change. Imported inside Rasa too, hence the Python 3.10 floor and no import but contracts and PyYAML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from re import Pattern
from typing import Any

import yaml

from contracts.escalation import Escalation, Evidence, Reason
from contracts.understanding import Sentiment, Understanding

DEFAULT_POLICY = Path(__file__).with_name("triggers.yml")
REQUEST_INTENT = "request_human"
CANCEL_INTENT = "cancel_handoff"
CANCEL_CONFIDENCE = 0.5  # below it the customer keeps the place: losing it by mistake is the worse fault

# Traditional characters that occur in the word lists; the whole conversion belongs to `language`, which this room
# does not import.
_SIMPLIFIED = str.maketrans(
    "轉請給幫個們嗎說話電訴報聯繫絡員專線訊師領導闆負責語聽機點媒體記發佈網視頻維權衛發條證據舉檢灣賠償騙還沒無"
    "壞燒煙觸漏燙傷劃開關賬號戶盜買錢兒歲點問題見處時間對為麼樣總當應該會級後臺裡來過這"
    "著經務財產業與從雙進",
    "转请给帮个们吗说话电诉报联系络员专线讯师领导板负责语听机点媒体记发布网视频维权卫发条证据举检湾赔偿骗还没无"
    "坏烧烟触漏烫伤划开关账号户盗买钱儿岁点问题见处时间对为么样总当应该会级后台里来过这"
    "着经务财产业与从双进",
)

_FUNCTION_WORDS = re.compile(r"[的了吗呢啊吧呀哦嗯是我你您们在有要想问请就都也还再到底一下这那么]|[^\w]")


@dataclass(frozen=True)
class TurnSignals:
    """What is known of one customer turn.

    `outcome` is what the bot did with it: "answer", "clarify", "miss", "chat", "form" or "none" (not yet, or nothing).
    `repeat_of` is the log number of an earlier message that asked the same thing, `repeat_similarity` the cosine.
    `not_helpful` is True when the answer before it was voted down, or an intent says that it did not help.
    """

    seq: int
    text: str
    intent: str = ""
    confidence: float = 0.0
    sentiment: Sentiment | None = None
    outcome: str = "none"
    entry_id: str = ""
    entry_escalates: bool = False
    repeat_of: int | None = None
    repeat_similarity: float = 0.0
    not_helpful: bool = False


@dataclass(frozen=True)
class Words:
    """One word list: `phrases` say yes, `mention` says perhaps, `veto` is rubbed out of the text beforehand."""

    phrases: tuple[Pattern[str], ...] = ()
    mention: tuple[Pattern[str], ...] = ()
    veto: tuple[Pattern[str], ...] = ()

    def cleared(self, text: str) -> str:
        """The text without what only looks like a hit."""
        for pattern in self.veto:
            text = pattern.sub("#", text)
        return text

    def hit(self, text: str) -> str:
        """The first phrase found in the cleared text, or an empty string."""
        return _first(self.phrases, self.cleared(text))

    def mentioned(self, text: str) -> str:
        """The first word of `mention` found in the cleared text, or an empty string."""
        return _first(self.mention, self.cleared(text))


@dataclass(frozen=True)
class TriggerPolicy:
    """Thresholds and word lists; the meaning of each is told in `triggers.yml`."""

    wants_human: float
    wants_human_with_intent: float
    intent_confidence: float
    anger: float
    anger_with_words: float
    threat: float
    threat_with_words: float
    repeat_similarity: float
    repeat_overlap: float
    askings: int
    failures: int
    misses: int
    vip_misses: int
    unanswered: int
    request: Words = field(default_factory=Words)
    threat_words: Words = field(default_factory=Words)
    sensitive: Words = field(default_factory=Words)
    anger_words: Words = field(default_factory=Words)
    failure: Words = field(default_factory=Words)
    repeat: Words = field(default_factory=Words)
    question: Words = field(default_factory=Words)

    @classmethod
    def from_yaml(cls, path: str | Path = DEFAULT_POLICY) -> TriggerPolicy:
        """Read a policy file. Raises ValueError naming the file and what is wrong in it."""
        try:
            document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            return cls.from_document(document)
        except (KeyError, TypeError, AttributeError, yaml.YAMLError, re.error) as error:
            raise ValueError(f"{path}: {type(error).__name__}: {error}") from error

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> TriggerPolicy:
        """Build a policy from the parsed YAML; an unknown threshold is an error, so that no typo goes unseen."""
        parts = document.get("parts", {})

        def compiled(section: str, *names: str) -> tuple[Pattern[str], ...]:
            lines = [line for name in names for line in document.get(section, {}).get(name, ())]
            return tuple(re.compile(_expand(line, parts)) for line in lines)

        def words(section: str, phrases: str = "phrases", mention: str = "mention") -> Words:
            return Words(compiled(section, phrases), compiled(section, mention), compiled(section, "not"))

        return cls(
            **document["thresholds"],
            request=words("request"),
            threat_words=words("threat"),
            sensitive=words("sensitive"),
            anger_words=words("anger", phrases="words"),
            failure=words("failure", mention="tried"),
            repeat=words("repeat"),
            question=words("question"),
        )


def before_answer(history: Sequence[TurnSignals], policy: TriggerPolicy, *, vip: bool = False) -> Escalation | None:
    """Decide by the message alone whether a person is due; None: the bot may answer.

    The graver reason wins where several hold: sensitive, threat, request, anger, then the repeated ones.
    """
    if not history:
        return None
    rules = (_sensitive, _threat, _request, _anger, _repeated_failure, _repeated_question)
    return next((found for rule in rules if (found := rule(history, policy)) is not None), None)


def after_answer(history: Sequence[TurnSignals], policy: TriggerPolicy, *, vip: bool = False) -> Escalation | None:
    """Decide by what the answer was: an entry marked to escalate, or misses in a row.

    Only a question can be missed: who tells how things stand (「柜子在墙角，师傅还没来」) waits for no answer yet, and
    such turns neither count nor break the row. A longer row of messages of any kind calls a person all the same.
    """
    if not history:
        return None
    now = history[-1]
    if now.entry_escalates and now.outcome == "answer":
        return Escalation(Reason.SENSITIVE, (Evidence("entry_escalates", now.entry_id, 1.0, now.seq),))
    misses: list[TurnSignals] = []
    for turn in reversed(history):
        if turn.outcome != "miss":
            break
        misses.append(turn)
    questions = [turn for turn in misses if asks(turn, policy)]
    due = asks(now, policy) and len(questions) >= (policy.vip_misses if vip else policy.misses)
    if due or len(misses) >= policy.unanswered:
        shown = questions if due else misses
        return Escalation(Reason.MISSES, tuple(Evidence("miss", turn.text, 1.0, turn.seq) for turn in reversed(shown)))
    return None


def asks(turn: TurnSignals, policy: TriggerPolicy) -> bool:
    """Whether a message asks for something; bare keywords do, a message that only tells something does not."""
    text = plain(turn.text)
    return bool(policy.question.hit(text)) or not policy.question.mentioned(text)


def calls_off(understanding: Understanding | None) -> bool:
    """Whether the customer says that nobody need come any more."""
    intent = understanding.intent if understanding is not None else None
    return intent is not None and intent.name == CANCEL_INTENT and intent.confidence >= CANCEL_CONFIDENCE


def asks_for_person(turn: TurnSignals, policy: TriggerPolicy) -> Evidence | None:
    """Why this message is a request for a person, or None."""
    text = plain(turn.text)
    words = policy.request.hit(text)
    if words:
        return Evidence("request_words", words, 1.0, turn.seq)
    if policy.request.cleared(text) != text or turn.intent == CANCEL_INTENT:
        return None  # it names a person only to say no, or means something else: the models are not asked
    wants = turn.sentiment.wants_human if turn.sentiment else 0.0
    if wants >= policy.wants_human:
        return Evidence("wants_human", turn.text, wants, turn.seq)
    by_intent = turn.intent == REQUEST_INTENT and turn.confidence >= policy.intent_confidence
    if by_intent and (turn.sentiment is None or wants >= policy.wants_human_with_intent):
        return Evidence("intent", turn.intent, turn.confidence, turn.seq)
    return None


def _request(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    evidence = asks_for_person(history[-1], policy)
    return Escalation(Reason.EXPLICIT_REQUEST, (evidence,)) if evidence else None


def _threat(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    now = history[-1]
    text = plain(now.text)
    probability = now.sentiment.threat if now.sentiment else 0.0
    words = policy.threat_words.hit(text)
    mentioned = policy.threat_words.mentioned(text)
    vetoed = policy.threat_words.cleared(text) != text
    # Who has been asking how to complain about somebody else goes on about them, unless they say "you".
    if "你们" not in text and any(_vetoed(turn, policy.threat_words) for turn in history[:-1]):
        return None
    if words:
        return Escalation(Reason.THREAT, (Evidence("threat_words", words, max(probability, 1.0), now.seq),))
    if not vetoed and probability >= (policy.threat_with_words if mentioned else policy.threat):
        return Escalation(Reason.THREAT, (Evidence("threat", mentioned or now.text, probability, now.seq),))
    return None


def _sensitive(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    now = history[-1]
    words = policy.sensitive.hit(plain(now.text))
    return Escalation(Reason.SENSITIVE, (Evidence("sensitive_words", words, 1.0, now.seq),)) if words else None


def _anger(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    now = history[-1]
    if now.sentiment is None:
        return None
    words = policy.anger_words.hit(plain(now.text))
    anger = now.sentiment.anger
    if anger >= policy.anger or (words and anger >= policy.anger_with_words and now.sentiment.label == "negative"):
        return Escalation(Reason.ANGER, (Evidence("anger", words or now.text, anger, now.seq),))
    return None


def reports_failure(turn: TurnSignals, policy: TriggerPolicy) -> bool:
    """True when the customer says that what was suggested did not help."""
    text = plain(turn.text)
    if policy.failure.hit(text) and policy.failure.cleared(text) == text:
        return True
    # 「我问的不是这个」 is heard as unhelpful too, but asks again; it counts as an asking.
    return turn.not_helpful and not policy.repeat.hit(text)


def _repeated_failure(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    if not reports_failure(history[-1], policy):
        return None
    # The first message of a conversation states the trouble; only after an answer can something have failed to help.
    reports = [turn for turn in history[1:] if reports_failure(turn, policy)]
    if history[0].not_helpful:
        reports.insert(0, history[0])
    if len(reports) < policy.failures:
        return None
    evidence = tuple(Evidence("not_helpful", turn.text, 1.0, turn.seq) for turn in reports)
    return Escalation(Reason.REPEATED_FAILURE, evidence)


def askings(history: Sequence[TurnSignals], policy: TriggerPolicy) -> tuple[TurnSignals, ...]:
    """The turns that asked the same thing as the current one, oldest first, the current one last.

    Turns belong together when `repeat_of` or shared wording links them, also by way of a third; a turn that only says
    in words that it asks again repeats the turn before it.
    """
    by_seq = {turn.seq: index for index, turn in enumerate(history)}
    asked: list[int] = []  # for each turn, which question it asks
    for index, turn in enumerate(history):
        links = _same_wording(history, index, policy.repeat_overlap)
        if turn.repeat_of in by_seq and turn.repeat_similarity >= policy.repeat_similarity:
            links.add(by_seq[turn.repeat_of])
        if not links and policy.repeat.hit(plain(turn.text)):
            links.add(index - 1)
        same = {asked[link] for link in links if 0 <= link < index}
        asked = [index if question in same else question for question in asked]
        asked.append(index)
    return tuple(turn for turn, question in zip(history, asked) if question == asked[-1])


def _same_wording(history: Sequence[TurnSignals], index: int, least: float) -> set[int]:
    """The earlier turns that share enough of their character pairs with turn `index`."""
    now = _pairs(history[index].text)
    found = set()
    for earlier in range(index):
        then = _pairs(history[earlier].text)
        shared = len(now & then)
        if shared >= 2 and shared >= least * min(len(now), len(then)):
            found.add(earlier)
    return found


def _pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters that carry meaning."""
    content = _FUNCTION_WORDS.sub(" ", plain(text))
    return frozenset(content[i : i + 2] for i in range(len(content) - 1) if " " not in content[i : i + 2])


def _repeated_question(history: Sequence[TurnSignals], policy: TriggerPolicy) -> Escalation | None:
    turns = askings(history, policy)
    if len(turns) < policy.askings:
        return None
    evidence = tuple(Evidence("asked_again", turn.text, turn.repeat_similarity, turn.seq) for turn in turns)
    return Escalation(Reason.REPEATED_QUESTION, evidence)


def plain(text: str) -> str:
    """Half-width, simplified (the characters of the lists), lower case, no white space."""
    narrow = unicodedata.normalize("NFKC", text).translate(_SIMPLIFIED).lower()
    return re.sub(r"\s+", "", narrow)


def _vetoed(turn: TurnSignals, words: Words) -> bool:
    text = plain(turn.text)
    return words.cleared(text) != text


def _first(patterns: Sequence[Pattern[str]], text: str) -> str:
    return next((found.group(0) for pattern in patterns if (found := pattern.search(text))), "")


def _expand(line: str, parts: Mapping[str, str]) -> str:
    for name, fragment in parts.items():
        line = line.replace("{" + name + "}", fragment)
    return line
