"""Teaching the teacher: E5's upper layers learn which wordings of customers mean the same.

The lower layers stay as they are, so their states are computed once and kept; a step then costs a third.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from training.corpora import Question
from training.student import contrast
from training.teacher import Teacher


@dataclass(frozen=True)
class Settings:
    """`frozen` lower layers are not trained; a batch holds `batch` questions, two wordings and a near miss each."""

    steps: int = 300
    batch: int = 48
    rate: float = 1e-4
    warm_up: int = 20
    scale: float = 20.0
    frozen: int = 6
    seed: int = 0


class LowerStates:
    """States of the texts after the frozen layers, float16 [length, hidden] each."""

    def __init__(self, teacher: Teacher, frozen: int, texts: Sequence[str], batch: int = 64) -> None:
        self._states: dict[str, torch.Tensor] = {}
        rows = teacher.rows(texts)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        teacher.eval()
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            states, mask = embed(teacher, [rows[i] for i in part])
            with torch.no_grad():
                for layer in teacher.bert.encoder.layer[:frozen]:
                    states = run_layer(layer, states, mask)
            for i, state in zip(part, states):
                self._states[texts[i]] = state[: len(rows[i])].half().clone()

    def batch(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [n, longest, hidden] and their mask [n, longest]."""
        states = [self._states[t].float() for t in texts]
        padded = torch.nn.utils.rnn.pad_sequence(states, batch_first=True)
        mask = torch.arange(padded.shape[1])[None] < torch.tensor([len(s) for s in states])[:, None]
        return padded, mask


def embed(teacher: Teacher, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(r) for r in rows)
    ids = torch.tensor([list(r) + [0] * (longest - len(r)) for r in rows])
    mask = torch.arange(longest)[None] < torch.tensor([len(r) for r in rows])[:, None]
    with torch.no_grad():
        return teacher.bert.embeddings(input_ids=ids), mask


def run_layer(layer: torch.nn.Module, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    out = layer(states, attention_mask=mask[:, None, None, :])
    return out[0] if isinstance(out, tuple) else out


def upper(teacher: Teacher, frozen: int, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Unit vectors from the states after the frozen layers."""
    for layer in teacher.bert.encoder.layer[frozen:]:
        states = run_layer(layer, states, mask)
    weight = mask.unsqueeze(-1).to(states.dtype)
    return F.normalize((states * weight).sum(1) / weight.sum(1), dim=-1)


def finetune(
    teacher: Teacher,
    questions: Sequence[Question],
    settings: Settings,
    report: Callable[[int, float], None],
) -> None:
    """Train the upper layers in place."""
    rng = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    texts = list(dict.fromkeys(t for q in questions for t in (*q.wordings, *q.near_misses)))
    lower = LowerStates(teacher, settings.frozen, texts)
    teacher.requires_grad_(False)
    teacher.bert.encoder.layer[settings.frozen :].requires_grad_(True)
    weights = [p for p in teacher.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=settings.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / settings.warm_up) * max(0.02, 1.0 - step / settings.steps),
    )
    total = 0.0
    domains: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        domains.setdefault(question.domain, []).append(number)
    for step in range(settings.steps):
        teacher.train()
        # Half of a batch comes from two domains, so that close questions meet as negatives.
        near = [n for d in rng.sample(sorted(domains), 2) for n in domains[d]]
        chosen = rng.sample(near, min(settings.batch // 2, len(near)))
        others = [n for n in rng.sample(range(len(questions)), settings.batch) if n not in chosen]
        chosen += others[: settings.batch - len(chosen)]
        left, right, wrong = [], [], []
        for number in chosen:
            a, b = rng.sample(questions[number].wordings, 2)
            left.append(a)
            right.append(b)
            wrong += rng.sample(questions[number].near_misses, min(1, len(questions[number].near_misses)))
        states, mask = lower.batch(left + right + wrong)
        out = upper(teacher, settings.frozen, states, mask)
        a, b, misses = out[: len(left)], out[len(left) : 2 * len(left)], out[2 * len(left) :]
        scores = settings.scale * a @ torch.cat([b, misses]).T
        loss = F.cross_entropy(scores, torch.arange(len(a))) / 2 + contrast(a, b, settings.scale) / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss)
        if step % 25 == 24:
            report(step + 1, round(total / 25, 4))
            total = 0.0
    teacher.eval()


def centre(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Unit vectors after taking a common direction away."""
    moved = vectors - mean
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
