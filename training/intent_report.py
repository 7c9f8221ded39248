"""The page about the intents: how well each is told from the others, requests for a person and their traps first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

#: (intent, what the pipeline said, text).
Answer = tuple[str, str, str]
#: A mistake here keeps somebody from a person, or calls one for nothing.
FAMILY = ("request_human", "leave_message", "cancel_handoff", "bot_challenge", "complain", "not_helpful", "insult")
FALLBACK = "nlu_fallback"
_MISTAKES_SHOWN = 40


def page(answers: Sequence[Answer], folds: int) -> str:
    """Markdown."""
    support = Counter(wanted for wanted, _, _ in answers)
    rest = sorted(name for name in support if name not in FAMILY)
    right = sum(wanted == given for wanted, given, _ in answers)
    figures = {name: precision_recall(answers, name) for name in support}
    macro = sum(f1(*figure) for figure in figures.values()) / len(figures)
    lines = [
        "# Intents, cross-validated",
        "",
        "Written by `.venv-rasa/bin/python -m training.intents --folds 5 --report docs/intents.md`; do not edit.",
        "",
        f"{len(answers)} examples of `data/nlu`, each classified by a model trained on the other {folds - 1} of",
        f"{folds} folds: accuracy {right / len(answers):.3f}, macro F1 {macro:.3f}.",
        f"`{FALLBACK}` means that the pipeline was not sure; the knowledge base is asked then.",
        "",
        "## A person, and what only sounds like it",
        "",
        *_table(answers, [name for name in FAMILY if name in support], figures, support),
        "",
        "Requests for a person that were not seen as one, and others that were:",
        "",
        *_mistakes(answers, "request_human"),
        "",
        "The word rules and the sentiment model (`docs/subsystems/sentiment.md`) listen for requests too; one of the",
        "three is enough to bring a person.",
        "",
        "## All others",
        "",
        *_table(answers, rest, figures, support),
    ]
    return "\n".join(lines) + "\n"


def precision_recall(answers: Iterable[Answer], name: str) -> tuple[float, float]:
    """Of one intent; 0 where nothing was said or wanted."""
    hits = said = meant = 0
    for wanted, given, _ in answers:
        hits += wanted == given == name
        said += given == name
        meant += wanted == name
    return hits / said if said else 0.0, hits / meant if meant else 0.0


def f1(precision: float, recall: float) -> float:
    """Harmonic mean, 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _table(
    answers: Sequence[Answer], names: Sequence[str], figures: dict[str, tuple[float, float]], support: Counter[str]
) -> list[str]:
    mistaken: dict[str, Counter[str]] = defaultdict(Counter)
    for wanted, given, _ in answers:
        if wanted != given:
            mistaken[wanted][given] += 1
    lines = ["| intent | examples | precision | recall | F1 | mistaken for |", "|---|---|---|---|---|---|"]
    for name in names:
        precision, recall = figures[name]
        others = ", ".join(f"{other} {count}" for other, count in mistaken[name].most_common(4))
        cells = (f"{value:.3f}" for value in (precision, recall, f1(precision, recall)))
        lines.append(f"| {name} | {support[name]} | {' | '.join(cells)} | {others or '–'} |")
    return lines


def _mistakes(answers: Sequence[Answer], name: str) -> list[str]:
    wrong = [row for row in answers if row[0] != row[1] and name in row[:2]]
    lines = ["| text | is | was taken for |", "|---|---|---|"]
    lines += [f"| {_cell(text)} | {wanted} | {given} |" for wanted, given, text in wrong[:_MISTAKES_SHOWN]]
    if len(wrong) > _MISTAKES_SHOWN:
        lines.append(f"| … and {len(wrong) - _MISTAKES_SHOWN} more | | |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
