"""The sentence encoder while it is trained: the teacher's lowest layers, on two losses at once.

Losses, each over its own part of every step:
- *distil*: a sentence's vector against its teacher's, in-batch negatives, plus the teacher's own similarities between
  the sentences of the batch;
- *paraphrase*: wordings of one question against those of the others in the batch, near misses as further negatives.

Texts of one length stand together, so that nothing is padded, and the products with the weights are made for all of
them at once in bfloat16 (the weights themselves stay in float32): on a processor that is half the time.
"""

from __future__ import annotations

import collections
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from training.corpora import Question
from training.pieces import Pieces
from training.student import contrast, relation
from training.teacher import PackedModel, bert_state


@dataclass(frozen=True)
class Settings:
    """How it is trained.

    A step sees `sentences` sentences, two wordings of `questions` questions and a near miss of `near_misses` of them.
    `rate` is that of the layers, `word_rate` that of the pieces' vectors; both rise over `warm_up` steps and fall to
    nearly nothing at the last. In a share `noisy` of the texts each piece is left out with probability `piece_drop`.
    """

    layers: int = 3
    steps: int = 1100
    sentences: int = 128
    questions: int = 192
    near_misses: int = 64
    rate: float = 3e-4
    word_rate: float = 6e-4
    warm_up: int = 60
    scale: float = 20.0
    noisy: float = 0.7
    piece_drop: float = 0.1
    seed: int = 1


class Layer(nn.Module):
    """One layer of a BERT without dropout; query, key and value are one product."""

    def __init__(self, packed: PackedModel) -> None:
        super().__init__()
        width = packed.hidden
        self.heads = packed.heads
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)
        self.attended = nn.LayerNorm(width, eps=packed.epsilon)
        self.widen = nn.Linear(width, packed.inner)
        self.narrow = nn.Linear(packed.inner, width)
        self.done = nn.LayerNorm(width, eps=packed.epsilon)

    def forward(self, states: torch.Tensor, blocks: Sequence[tuple[int, int]]) -> torch.Tensor:
        """States [pieces, hidden] of texts one after another; `blocks` are runs of (texts, pieces of each)."""
        parts = self.inward(states)
        mixed = [
            _attended(part.view(count, length, 3, self.heads, -1))
            for part, (count, length) in zip(parts.split([count * length for count, length in blocks]), blocks)
        ]
        states = self.attended(states + self.outward(torch.cat(mixed)))
        return self.done(states + self.narrow(F.gelu(self.widen(states))))


def _attended(parts: torch.Tensor) -> torch.Tensor:
    """Attention within each text: [texts, pieces, 3, heads, width of a head] to [texts * pieces, hidden].

    Written out, since the fused kernel takes a third of a training step for texts as short as these.
    """
    query, key, value = parts.permute(2, 0, 3, 1, 4)
    weights = (query @ key.transpose(-1, -2)).float() / query.shape[-1] ** 0.5
    return (weights.softmax(-1).to(value.dtype) @ value).transpose(1, 2).flatten(2).flatten(0, 1)


class Contextual(nn.Module):
    """Rows of pieces to unit vectors [n, hidden]: the mean of the last states."""

    def __init__(self, packed: PackedModel, pieces: Pieces, layers: int) -> None:
        super().__init__()
        start = bert_state(packed, pieces.kept, layers)
        self.pieces = pieces
        self.word = nn.Embedding.from_pretrained(start["embeddings.word_embeddings.weight"].clone(), freeze=False)
        places = start["embeddings.position_embeddings.weight"][: pieces.longest]
        self.place = nn.Parameter(places + start["embeddings.token_type_embeddings.weight"][0])
        self.norm = nn.LayerNorm(packed.hidden, eps=packed.epsilon)
        self.layers = nn.ModuleList(Layer(packed) for _ in range(layers))
        self.load_state_dict(_renamed(start, layers), strict=False)

    def forward(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        by_length: dict[int, list[int]] = collections.defaultdict(list)
        for number, row in enumerate(rows):
            by_length[len(row)].append(number)
        blocks = [(len(numbers), length) for length, numbers in by_length.items()]
        order = torch.tensor([number for numbers in by_length.values() for number in numbers])
        pieces = torch.tensor([piece for number in order.tolist() for piece in rows[number]])
        places = torch.cat([self.place[:length].repeat(count, 1) for count, length in blocks])
        states = self.norm(self.word(pieces) + places)
        for layer in self.layers:
            states = layer(states, blocks)
        parts = states.float().split([count * length for count, length in blocks])
        means = torch.cat([part.unflatten(0, block).mean(1) for part, block in zip(parts, blocks)])
        back = torch.empty(len(rows), dtype=torch.long)
        back[order] = torch.arange(len(rows))
        return F.normalize(means[back], dim=-1)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 512) -> np.ndarray:
        """Unit vectors, float32 [len(texts), hidden]."""
        rows = self.pieces.rows(texts)
        order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
        out = np.zeros((len(rows), self.word.embedding_dim), dtype=np.float32)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            out[part] = self([rows[n] for n in part]).numpy()
        return out

    def bert(self) -> dict[str, torch.Tensor]:
        """The weights under the names of transformers' BertModel."""
        own = {name: value.detach() for name, value in self.state_dict().items()}
        state = {
            "embeddings.word_embeddings.weight": own["word.weight"],
            "embeddings.position_embeddings.weight": own["place"],
            "embeddings.token_type_embeddings.weight": torch.zeros(2, own["place"].shape[1]),
            "embeddings.LayerNorm.weight": own["norm.weight"],
            "embeddings.LayerNorm.bias": own["norm.bias"],
        }
        for number in range(len(self.layers)):
            for kind in ("weight", "bias"):
                thirds = own[f"layers.{number}.inward.{kind}"].chunk(3)
                for name, third in zip(("query", "key", "value"), thirds):
                    state[f"encoder.layer.{number}.attention.self.{name}.{kind}"] = third
                for theirs, ours in _PARTS.items():
                    state[f"encoder.layer.{number}.{theirs}.{kind}"] = own[f"layers.{number}.{ours}.{kind}"]
        return state


#: Names of a layer's parts in transformers' BertModel and in `Layer`.
_PARTS = {
    "attention.output.dense": "outward",
    "attention.output.LayerNorm": "attended",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "done",
}


def _renamed(start: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    state = {f"norm.{kind}": start[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias")}
    for number in range(layers):
        for kind in ("weight", "bias"):
            thirds = [start[f"encoder.layer.{number}.attention.self.{n}.{kind}"] for n in ("query", "key", "value")]
            state[f"layers.{number}.inward.{kind}"] = torch.cat(thirds)
            for theirs, ours in _PARTS.items():
                state[f"layers.{number}.{ours}.{kind}"] = start[f"encoder.layer.{number}.{theirs}.{kind}"]
    return state


def train(
    model: Contextual,
    sentences: Sequence[str],
    targets: np.ndarray,
    questions: Sequence[Question],
    misspell: Callable[[str, random.Random], str],
    settings: Settings,
    report: Callable[[int, dict[str, float]], None],
) -> None:
    """Train in place. `targets` [sentences, hidden] are the teacher's unit vectors, centred."""
    rng = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    wanted = torch.from_numpy(targets)
    layers = [value for name, value in model.named_parameters() if name != "word.weight"]
    groups = [{"params": layers, "lr": settings.rate}, {"params": [model.word.weight], "lr": settings.word_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / settings.warm_up) * max(0.02, 1 - step / settings.steps)
    )
    sums: collections.Counter[str] = collections.Counter()
    for step in range(settings.steps):
        drawn = rng.sample(range(len(sentences)), settings.sentences)
        asked = rng.sample(list(questions), settings.questions)
        pairs = [rng.sample(question.wordings, 2) for question in asked]
        near = [rng.choice(q.near_misses) for q in asked[: settings.near_misses] if q.near_misses]
        texts = [misspell(text, rng) for pair in zip(*pairs) for text in pair]
        rows = model.pieces.rows([*(sentences[n] for n in drawn), *texts, *near])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = model([_dropped(row, settings, rng) for row in rows])
        distilled, left, right, wrong = vectors.split(
            [settings.sentences, settings.questions, settings.questions, len(near)]
        )
        goal = wanted[drawn]
        losses = {
            "distil": contrast(distilled, goal, settings.scale),
            "relation": relation(distilled, goal, settings.scale),
            "paraphrase": (
                _against(left, torch.cat([right, wrong]), settings.scale)
                + _against(right, torch.cat([left, wrong]), settings.scale)
            )
            / 2,
        }
        optimiser.zero_grad(set_to_none=True)
        sum(losses.values()).backward()  # type: ignore[union-attr]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        sums.update({name: float(loss.detach()) for name, loss in losses.items()})
        if step % 50 == 49:
            report(step + 1, {name: round(total / 50, 3) for name, total in sums.items()})
            sums.clear()


def _against(asked: torch.Tensor, offered: torch.Tensor, scale: float) -> torch.Tensor:
    """Cross-entropy of picking the offered vector of the same row."""
    return F.cross_entropy(scale * asked @ offered.T, torch.arange(len(asked)))


def _dropped(row: Sequence[int], settings: Settings, rng: random.Random) -> Sequence[int]:
    if rng.random() >= settings.noisy:
        return row
    kept = [piece for piece in row[1:-1] if rng.random() >= settings.piece_drop]
    return [row[0], *kept, row[-1]] if kept else row
