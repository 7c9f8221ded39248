"""Fit the finder's fusion, probabilities and thresholds: `models/finder/calibration.json`.

What is learned is how to weigh cosines and lexical shares, so it must see similarities as they are on questions that
the encoder was *not* trained on. Two sources give those:

- hand-written paraphrases of the questions left out by `training.split`, put to bases of their whole domain;
- two bases with answers, written for calibration, which no encoder was trained on (`dev`), alone and put together.

Out of scope are the written out-of-scope messages, questions whose own entry is taken out of the base, and small talk
from the intent files (`nlu`). Questions, never sentences, are divided between fitting and reporting: the figures of the
report come from models that have not seen the question; the weights that ship are then fitted on everything.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from knowledge_base.encoder import load_encoder
from knowledge_base.features import ENTRY_FEATURES, QUERY_FEATURES
from knowledge_base.finder import MOST_CHOICES
from knowledge_base.fusion import SHIPPED, Calibration, Network, Thresholds
from training.examples import FOLDS, SEED, Example, dev_examples, fold_of, paraphrase_examples, small_talk

STEPS = 300
HIDDEN_ENTRY = 8
HIDDEN_QUERY = 8
DECAY = 3e-3
#: Share of the loss that questions without an answer get; about what a shop's chat sees besides its own questions.
OUT_OF_SCOPE_SHARE = 0.25
#: What thresholds must keep to on questions not fitted on, and what a clarified question is worth against an answer.
MOST_WRONG = 0.03
MOST_HARD_ANSWERED = 0.08
MOST_CHATTER_ANSWERED = 0.015
MOST_CHATTER_CLARIFIED = 0.05
#: Measures that speak against an entry the larger they are, and those that speak neither for nor against by themselves;
#: all others speak for it.
AGAINST = frozenset({"largest_gap"})
NEITHER = frozenset({"has_answer"})
HARD = "oos_hard"
CHATTER = ("oos_chitchat", "oos_small_talk")
CLARIFIED_WORTH = 0.7
WRONG_CHOICES_COST = 0.2
OUT_CHOICES_COST = 0.2


def main(
    out_dir: Path,
    data_dir: Path,
    encoder: str | Path = SHIPPED.parent.parent / "encoder",
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Fit for `encoder` from `data_dir` (folders `paraphrases` and `dev`), write into `out_dir`, return the report."""
    shipped = load_encoder(encoder)
    examples = dev_examples(data_dir / "dev", shipped, small_talk(data_dir / "nlu"))
    say(f"{len(examples)} queries against the calibration bases")
    more = paraphrase_examples(data_dir / "paraphrases", shipped)
    say(f"{len(more)} queries against bases of unseen questions")
    examples += more
    crossed = cross_fit(examples, say)
    ranking = Ranking.of(examples, crossed)
    thresholds = choose_thresholds(ranking)
    report = {source: figures(ranking, thresholds, source) for source in sorted(set(ranking.source))}
    fitted = fit(examples)
    notes = {
        "fitted": datetime.now(timezone.utc).date().isoformat(),
        "examples": len(examples),
        "data": _digest(data_dir),
        "cross_fitted": report,
    }
    calibration = replace(fitted, thresholds=thresholds, encoder=shipped.digest, notes=notes)
    calibration.save(out_dir / SHIPPED.name)
    for source, row in report.items():
        say(f"{source}: {json.dumps(row)}")
    say(f"thresholds {thresholds}")
    return report


def cross_fit(examples: Sequence[Example], say: Callable[[str], None]) -> list[np.ndarray]:
    """Probabilities [c] of every example from a model fitted without its question."""
    out: list[np.ndarray] = [np.zeros(0, np.float32)] * len(examples)
    for fold in range(FOLDS):
        model = fit([e for e in examples if fold_of(e.part) != fold])
        for at, example in enumerate(examples):
            if fold_of(example.part) == fold:
                out[at] = model.probabilities(example.features, example.query)
        say(f"fold {fold + 1} of {FOLDS} fitted")
    return out


def fit(examples: Sequence[Example], hidden: tuple[int, int] = (HIDDEN_ENTRY, HIDDEN_QUERY)) -> Calibration:
    """Maximum likelihood with weight decay; the seed is fixed, so equal data gives equal weights.

    More likeness never lowers an entry's score (`AGAINST`, `NEITHER`): the questions were written to share few words
    with the right entry, and from those alone one would learn that shared words speak against it.
    """
    torch.manual_seed(SEED)
    widest = max(len(e.features) for e in examples)
    count = len(examples)
    features = np.zeros((count, widest, len(ENTRY_FEATURES)), np.float32)
    real = np.zeros((count, widest), bool)
    gold = np.zeros((count, widest + 1), bool)
    allowed = np.zeros((count, widest + 1), bool)
    for row, e in enumerate(examples):
        c = len(e.features)
        features[row, :c], real[row, :c] = e.features, True
        gold[row, :c] = e.gold
        # Without a right candidate the right outcome is "none"; a near miss allows everything but its own question.
        gold[row, widest] = not e.gold.any()
        allowed[row, :c] = ~e.own if e.own is not None else False
        allowed[row, widest] = e.own is not None
    query = np.stack([e.query for e in examples])
    target = torch.tensor(np.where(np.array([e.own is not None for e in examples])[:, None], allowed, gold))

    flat = features[real]
    mean, scale = flat.mean(0), flat.std(0) + 1e-6
    query_mean, query_scale = query.mean(0), query.std(0) + 1e-6
    x = torch.tensor((features - mean) / scale)
    g = torch.tensor((query - query_mean) / query_scale)
    missing = torch.tensor(~real)
    weight = torch.tensor(_weights(examples))
    entry_net, none_net = _network(len(ENTRY_FEATURES), hidden[0]), _network(len(QUERY_FEATURES), hidden[1])
    parameters = [*entry_net.parameters(), *none_net.parameters()]
    _hold_direction(entry_net)
    optimiser = torch.optim.Adam(parameters, lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        scores = entry_net(x)[..., 0].masked_fill(missing, -1e9)
        logs = torch.log_softmax(torch.cat([scores, none_net(g)], dim=1), dim=1)
        likelihood = torch.logsumexp(logs.masked_fill(~target, -1e9), dim=1)
        shrink = sum((p**2).sum() for p in parameters if p.ndim > 1)
        loss = -(weight * likelihood).sum() + DECAY * shrink
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        _hold_direction(entry_net)
    return Calibration(_frozen(entry_net, mean, scale), _frozen(none_net, query_mean, query_scale))


@dataclass(frozen=True)
class Ranking:
    """What deciding needs of many examples, one row each [n]: near misses are left out.

    `first`, `second`: the two largest probabilities; `offered`: sum of the choices worth showing; `top_right`,
    `offered_right`: whether the best, or any of the choices, is right.
    """

    first: np.ndarray
    second: np.ndarray
    offered: np.ndarray
    top_right: np.ndarray
    offered_right: np.ndarray
    in_scope: np.ndarray
    source: np.ndarray

    @classmethod
    def of(cls, examples: Sequence[Example], probabilities: Sequence[np.ndarray]) -> Ranking:
        rows = []
        for example, p in zip(examples, probabilities):
            if example.own is not None:
                continue
            order = np.argsort(-p)[:MOST_CHOICES]
            best = np.append(p[order], np.zeros(MOST_CHOICES))[:MOST_CHOICES]
            shown = best >= Thresholds().choice
            right = np.append(example.gold[order], np.zeros(MOST_CHOICES, bool))[:MOST_CHOICES].astype(bool)
            row = (best[0], best[1], best[shown].sum(), right[0], (right & shown).any(), example.in_scope)
            rows.append((*row, example.source))
        return cls(*(np.array(column) for column in zip(*rows)))

    def outcomes(self, thresholds: Thresholds) -> tuple[np.ndarray, np.ndarray]:
        """Masks [n] of answered and clarified, as `knowledge_base.finder.decide` has it."""
        answered = (self.first >= thresholds.answer) & (self.first - self.second >= thresholds.lead)
        return answered, ~answered & (self.offered >= thresholds.clarify)


def choose_thresholds(ranking: Ranking) -> Thresholds:
    """The thresholds that help most while keeping to the bounds, on probabilities of unseen questions."""
    bounds = {HARD: (MOST_HARD_ANSWERED, 1.0)}
    bounds |= dict.fromkeys(CHATTER, (MOST_CHATTER_ANSWERED, MOST_CHATTER_CLARIFIED))
    best, best_worth = Thresholds(answer=0.95, lead=0.5, clarify=0.6), -np.inf
    for answer, lead, clarify in itertools.product(
        np.arange(0.3, 0.97, 0.01), np.arange(0.0, 0.5, 0.05), np.arange(0.15, 0.8, 0.025)
    ):
        thresholds = Thresholds(round(float(answer), 3), round(float(lead), 3), round(float(clarify), 3))
        row = figures(ranking, thresholds)
        if row["answered_wrong"] > MOST_WRONG:
            continue
        if any(
            rates.get("oos_answered", 0) > most_answered or rates.get("oos_clarified", 0) > most_clarified
            for source, (most_answered, most_clarified) in bounds.items()
            for rates in [figures(ranking, thresholds, source)]
        ):
            continue
        worth = row["answered_right"] + CLARIFIED_WORTH * row["clarified_right"]
        worth -= WRONG_CHOICES_COST * row["clarified_wrong"] + OUT_CHOICES_COST * row["oos_clarified"]
        if worth > best_worth:
            best, best_worth = thresholds, worth
    return best


def figures(ranking: Ranking, thresholds: Thresholds, source: str | None = None) -> dict[str, float]:
    """Rates of each verdict over the in-scope and the out-of-scope examples (of one `source`, or of all)."""
    answered, clarified = ranking.outcomes(thresholds)
    chosen = ranking.source == source if source else np.ones(len(ranking.first), bool)
    inside, outside = chosen & ranking.in_scope, chosen & ~ranking.in_scope
    out: dict[str, float] = {}
    if inside.any():
        verdicts = {
            "hit@1": ranking.top_right,
            "answered_right": answered & ranking.top_right,
            "answered_wrong": answered & ~ranking.top_right,
            "clarified_right": clarified & ranking.offered_right,
            "clarified_wrong": clarified & ~ranking.offered_right,
            "missed": ~answered & ~clarified,
        }
        out |= {"n": int(inside.sum())} | {
            name: round(float(mask[inside].mean()), 4) for name, mask in verdicts.items()
        }
    if outside.any():
        out["oos_n"] = int(outside.sum())
        out["oos_answered"] = round(float(answered[outside].mean()), 4)
        out["oos_clarified"] = round(float(clarified[outside].mean()), 4)
    return out


def _weights(examples: Sequence[Example]) -> np.ndarray:
    """Weight [n] of each example, summing to 1: sources of one side count alike by the root of their size."""
    sizes: dict[tuple[str, bool], int] = {}
    for e in examples:
        key = (e.source, e.in_scope)
        sizes[key] = sizes.get(key, 0) + 1
    inside = sum(size**0.5 for (_, scope), size in sizes.items() if scope)
    outside = sum(size**0.5 for (_, scope), size in sizes.items() if not scope)
    weights = [
        (1 - OUT_OF_SCOPE_SHARE if e.in_scope else OUT_OF_SCOPE_SHARE)
        * sizes[e.source, e.in_scope] ** -0.5
        / (inside if e.in_scope else outside)
        for e in examples
    ]
    return np.array(weights, np.float32)


def _network(inputs: int, hidden: int) -> torch.nn.Sequential:
    if not hidden:
        return torch.nn.Sequential(torch.nn.Linear(inputs, 1))
    return torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))


@torch.no_grad()
def _hold_direction(net: torch.nn.Sequential) -> None:
    """Set to zero what would let a likeness speak against an entry: with tanh between, that keeps scores monotone."""
    first, *later = (layer for layer in net if isinstance(layer, torch.nn.Linear))
    for column, name in enumerate(ENTRY_FEATURES):
        if name in AGAINST:
            first.weight[:, column].clamp_(max=0)
        elif name not in NEITHER:
            first.weight[:, column].clamp_(min=0)
    for layer in later:
        layer.weight.clamp_(min=0)


def _frozen(net: torch.nn.Sequential, mean: np.ndarray, scale: np.ndarray) -> Network:
    layers = tuple(
        (layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())
        for layer in net
        if isinstance(layer, torch.nn.Linear)
    )
    return Network(mean.astype(np.float32), scale.astype(np.float32), layers)


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.jsonl")):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with dev, nlu and paraphrases")
    parser.add_argument("--out", type=Path, default=SHIPPED.parent, help="where calibration.json is written")
    parser.add_argument("--encoder", default=str(SHIPPED.parent.parent / "encoder"), help="folder or hub name")
    chosen = parser.parse_args()
    main(chosen.out, chosen.data, chosen.encoder)
