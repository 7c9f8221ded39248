"""A BERT read without the fixed costs of sentence-transformers' own call, one text or many.

A query is one short text, and the fixed costs of a general call (batching, padding, a module tree) then weigh as much
as the arithmetic. What is left here is the arithmetic, with the linear layers in eight bits: their weights a scale for
each output, what goes in a scale for each piece of text. So a text has the same vector alone and among others, and many
texts go through together, those of one length at a time: nothing is padded. On one core 500 questions a second one by
one and 1,100 in batches, where sentence-transformers' call reads 300 in batches (docs/subsystems/encoder.md).
`knowledge_base.encoder` compares both readers' vectors and uses this one only where they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer

from language.normalise import normalise

_POOLED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean": lambda states: states.mean(1),
    "cls": lambda states: states[:, 0],
}
#: Pieces that go through the layers together; more gain nothing (measured), and memory stays small.
_PIECES = 512
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")


class QuickBert:
    """Texts to unit vectors with the weights of a loaded sentence-transformers BERT; use `of`."""

    def __init__(self, bert: Any, tokenizer: Tokenizer, pooling: str, longest: int) -> None:
        weights = {name: value.detach().float() for name, value in bert.state_dict().items()}
        config = bert.config
        self._heads = config.num_attention_heads
        self._epsilon = config.layer_norm_eps
        self._width = config.hidden_size
        tokenizer.no_padding()
        tokenizer.enable_truncation(longest)
        self._tokenizer = tokenizer
        self._pool = _POOLED[pooling]
        self._words = weights["embeddings.word_embeddings.weight"]
        kinds = weights["embeddings.token_type_embeddings.weight"]
        self._places = weights["embeddings.position_embeddings.weight"] + kinds[0]
        self._norm = _norm(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, f"encoder.layer.{n}") for n in range(config.num_hidden_layers)]

    @classmethod
    def of(cls, model: Any) -> QuickBert | None:
        """The reader for `model` (a SentenceTransformer), or None where it is no BERT with mean or cls pooling."""
        modules = list(model)
        kinds = [type(module).__name__ for module in modules]
        if len(modules) < 2 or tuple(kinds) != _KNOWN_MODULES[: len(kinds)]:
            return None
        bert: Any = getattr(modules[0], "auto_model", None)
        backend = getattr(getattr(model, "tokenizer", None), "backend_tokenizer", None)
        pooling = getattr(modules[1], "pooling_mode", None)
        gelu = getattr(getattr(bert, "config", None), "hidden_act", "") == "gelu"
        if type(bert).__name__ != "BertModel" or backend is None or pooling not in _POOLED or not gelu:
            return None
        longest = min(model.max_seq_length or 512, bert.config.max_position_embeddings)
        if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            return None  # without it products of eight-bit numbers are slower than any others
        try:
            return cls(bert, Tokenizer.from_str(backend.to_str()), pooling, longest)
        except KeyError:  # other names of weights
            return None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of `texts`, [len(texts), dimension]."""
        pieces = [found.ids for found in self._tokenizer.encode_batch([normalise(text) for text in texts])]
        rows = np.zeros((len(texts), self._width), np.float32)
        with torch.inference_mode():
            for together in _of_one_length(pieces):
                rows[together] = self._vectors(torch.tensor([pieces[at] for at in together])).numpy()
        return rows

    def _vectors(self, pieces: torch.Tensor) -> torch.Tensor:
        """Unit vectors [n, width] of n texts of one length, [n, pieces]."""
        texts, length = pieces.shape
        width, heads = self._width, self._heads
        states = self._normed(self._words[pieces] + self._places[:length], self._norm).view(-1, width)
        for inward, outward, widen, narrow, attended, done in self._layers:
            parts = _product(states, inward).view(texts, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(parts[0], parts[1], parts[2]).transpose(1, 2).reshape(-1, width)
            states = self._normed(states + _product(mixed, outward), attended)
            states = self._normed(states + _product(F.gelu(_product(states, widen)), narrow), done)
        return F.normalize(self._pool(states.view(texts, length, width)), dim=1)

    def _normed(self, states: torch.Tensor, norm: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return F.layer_norm(states, (self._width,), *norm, self._epsilon)


class _Packed(NamedTuple):
    """A linear layer in eight bits: `weight` [in, out], of which one is worth `scale` [out], and `bias` [out]."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor


def _layer(weights: dict[str, torch.Tensor], name: str) -> tuple[Any, ...]:
    """One layer's four products, packed, and its two norms; query, key and value are one product."""

    def packed(*parts: str) -> _Packed:
        matrix = torch.cat([weights[f"{name}.{part}.weight"] for part in parts])
        bias = torch.cat([weights[f"{name}.{part}.bias"] for part in parts])
        eight, scale = _in_eight_bits(matrix)
        return _Packed(eight.t().contiguous(), scale.flatten(), bias)

    return (
        packed("attention.self.query", "attention.self.key", "attention.self.value"),
        packed("attention.output.dense"),
        packed("intermediate.dense"),
        packed("output.dense"),
        _norm(weights, f"{name}.attention.output.LayerNorm"),
        _norm(weights, f"{name}.output.LayerNorm"),
    )


def _in_eight_bits(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Whole numbers up to 127 of each row [n, d], and what one of them is worth there [n, 1]."""
    scale = rows.abs().amax(1, keepdim=True).div_(127).clamp_(min=1e-12)
    return torch.div(rows, scale).round_().to(torch.int8), scale


def _product(states: torch.Tensor, packed: _Packed) -> torch.Tensor:
    eight, scale = _in_eight_bits(states)
    whole = torch._int_mm(eight, packed.weight)
    return torch.addcmul(packed.bias, whole.float().mul_(scale), packed.scale)


def _of_one_length(pieces: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Rows of texts of one length, few enough that they hold no more than _PIECES pieces together."""
    by_length = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
    for length, group in groupby(by_length, key=lambda at: len(pieces[at])):
        rows, most = list(group), max(1, _PIECES // max(1, length))
        for start in range(0, len(rows), most):
            yield rows[start : start + most]


def _norm(weights: dict[str, torch.Tensor], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
