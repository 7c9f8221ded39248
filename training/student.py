"""The static student: a vector a word, a sentence the unit-length sum, trained on several losses at once.

Losses, each over its own batch in every step:
- *distil*: a sentence's vector against its teacher's, in-batch negatives, plus the teacher's own similarities
  between the sentences of the batch (so that "somewhat alike" is learned too);
- *paraphrase*: wordings of one question against those of the others in the batch, with near misses as further
  negatives.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn

from training.corpora import Question


@dataclass(frozen=True)
class Settings:
    """How a student is trained. Rates are per step; `scale` multiplies cosines before the softmax.

    A step sees `sentences` sentences, and two wordings and `near_misses` near misses of `questions` questions. With
    `misspelt`, customers' slips are made in the texts. `hold_to` names what sentences are held to: the `teacher`'s
    vectors, or those that the student had at its `start`.
    """

    steps: int = 1000
    sentences: int = 256
    questions: int = 512
    rate: float = 1.5e-3
    warm_up: int = 50
    scale: float = 20.0
    word_drop: float = 0.1
    char_split: float = 0.1
    misspelt: bool = False
    near_misses: int = 0
    relation_weight: float = 1.0
    paraphrase_weight: float = 1.0
    hold_to: str = "teacher"
    seed: int = 0


class Student(nn.Module):
    """Word ids to unit vectors [n, dimension]."""

    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag.from_pretrained(
            torch.tensor(vectors, dtype=torch.float32), mode="sum", freeze=False, sparse=True
        )

    def forward(self, batch: Sequence[Sequence[int]]) -> torch.Tensor:
        flat = torch.tensor([i for ids in batch for i in ids])
        offsets = torch.tensor(np.cumsum([0] + [len(ids) for ids in batch[:-1]]))
        return F.normalize(self.bag(flat, offsets), dim=-1)


class Words:
    """Texts to word ids, remembered; an empty text becomes the unknown word."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self._characters = {}
        for word, number in tokenizer.get_vocab().items():
            if len(word) > 1:
                parts = [tokenizer.token_to_id(c) for c in word]
                if all(p is not None for p in parts):
                    self._characters[number] = parts

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        missing = [t for t in dict.fromkeys(texts) if t not in self._known]
        if missing:
            for text, encoding in zip(missing, self._tokenizer.encode_batch(missing, add_special_tokens=False)):
                self._known[text] = encoding.ids or [0]
        return [self._known[t] for t in texts]

    def noisy(self, texts: Sequence[str], drop: float, split: float, rng: random.Random) -> list[list[int]]:
        """As `ids`, with words dropped or taken apart into their characters at random."""
        out = []
        for ids in self.ids(texts):
            kept = [i for i in ids if rng.random() >= drop] or ids
            if split:
                kept = [
                    part
                    for i in kept
                    for part in (self._characters[i] if i in self._characters and rng.random() < split else (i,))
                ]
            out.append(kept)
        return out


def encode(student: Student, words: Words, texts: Sequence[str], batch: int = 4096) -> np.ndarray:
    """Unit vectors, float32 [len(texts), dimension]."""
    with torch.no_grad():
        parts = [student(words.ids(texts[i : i + batch])).numpy() for i in range(0, len(texts), batch)]
    return np.concatenate(parts)


def contrast(a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
    """Cross-entropy of the diagonal of a·bᵀ, both ways."""
    scores = scale * a @ b.T
    gold = torch.arange(len(a))
    return (F.cross_entropy(scores, gold) + F.cross_entropy(scores.T, gold)) / 2


def relation(student: torch.Tensor, teacher: torch.Tensor, scale: float) -> torch.Tensor:
    """Divergence of the student's softmax of similarities within the batch from the teacher's."""
    hidden = torch.eye(len(student), dtype=torch.bool)
    wanted = F.softmax((scale * teacher @ teacher.T).masked_fill(hidden, -1e4), dim=-1)
    given = F.log_softmax((scale * student @ student.T).masked_fill(hidden, -1e4), dim=-1)
    return F.kl_div(given, wanted, reduction="batchmean")


def train(
    student: Student,
    words: Words,
    sentences: Sequence[str],
    targets: np.ndarray,
    questions: Sequence[Question],
    misspell: Callable[[str, random.Random], str],
    settings: Settings,
    report: Callable[[int, dict[str, float]], None],
) -> None:
    """Train in place. `targets` [sentences, dimension] are the teacher's unit vectors, centred."""
    rng = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    optimiser = torch.optim.SparseAdam(student.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / settings.warm_up) * max(0.02, 1.0 - step / settings.steps),
    )
    wanted = torch.tensor(targets, dtype=torch.float32)

    def noisy(texts: Sequence[str]) -> torch.Tensor:
        if settings.misspelt:
            texts = [misspell(text, rng) for text in texts]
        return student(words.noisy(texts, settings.word_drop, settings.char_split, rng))

    size = min(settings.questions, len(questions))
    sums = {"distil": 0.0, "relation": 0.0, "paraphrase": 0.0}
    for step in range(settings.steps):
        picked = rng.sample(range(len(sentences)), min(settings.sentences, len(sentences)))
        given = noisy([sentences[i] for i in picked])
        target = wanted[picked]
        distil = contrast(given, target, settings.scale)
        related = relation(given, target, settings.scale)
        loss = distil + settings.relation_weight * related

        chosen = rng.sample(range(len(questions)), size)
        left, right, wrong = [], [], []
        for number in chosen:
            a, b = rng.sample(questions[number].wordings, 2)
            left.append(a)
            right.append(b)
            misses = questions[number].near_misses
            wrong.append(rng.sample(misses, min(settings.near_misses, len(misses))))
        a, b = noisy(left), noisy(right)
        same_question = contrast(a, b, settings.scale)
        if settings.near_misses:
            flat = [text for misses in wrong for text in misses]
            owner = torch.tensor([i for i, misses in enumerate(wrong) for _ in misses])
            miss = noisy(flat)
            right_score = settings.scale * (a * b).sum(1)[owner]
            miss_score = settings.scale * torch.maximum((a[owner] * miss).sum(1), (b[owner] * miss).sum(1))
            same_question = same_question + 0.5 * F.softplus(miss_score - right_score).mean()
        loss = loss + settings.paraphrase_weight * same_question

        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        for name, value in (("distil", distil), ("relation", related), ("paraphrase", same_question)):
            sums[name] += float(value.detach())
        if step % 250 == 249 or step == settings.steps - 1:
            report(step + 1, {name: round(value / (step % 250 + 1), 3) for name, value in sums.items()})
            sums = dict.fromkeys(sums, 0.0)
