"""Writing what was trained as sentence-transformers model folders, which `SentenceTransformer(folder)` reads.

The table of words: `modules.json` naming StaticEmbedding and Normalize, `tokenizer.json`, `model.safetensors` with
`embeddings` int8 [words, dimension] and `weights` float32 [words], the scale of each row, so that a word's vector is
`embeddings[i] * weights[i]`. The sentence encoder: an ordinary BERT with mean pooling, 16 bits a number.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from training.contextual import Contextual

_MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.base.modules.normalize.Normalize",
    },
]


def write_words(folder: Path, tokenizer: Tokenizer, vectors: np.ndarray, manifest: dict) -> None:
    """Write `vectors` (float [words, dimension], row 0 the unknown word's) and `manifest` into `folder`."""
    vectors = vectors.astype(np.float32).copy()
    vectors[0] = 0.0  # an unknown word says nothing
    largest = np.abs(vectors).max(axis=1)
    scale = np.maximum(largest, 1e-12) / 127.0
    rounded = np.clip(np.rint(vectors / scale[:, None]), -127, 127).astype(np.int8)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    save_file({"embeddings": rounded, "weights": scale.astype(np.float32)}, str(folder / "model.safetensors"))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_json(folder / "modules.json", _MODULES)
    write_json(folder / "1_Normalize" / "config.json", {})
    write_json(
        folder / "config_sentence_transformers.json",
        {"model_type": "SentenceTransformer", "prompts": {"query": "", "document": ""}, "similarity_fn_name": "cosine"},
    )
    write_json(folder / "manifest.json", manifest)


def write_sentences(folder: Path, model: Contextual, manifest: dict) -> None:
    """Write a trained encoder and `manifest` into `folder`, in place of what was there."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from training import pieces

    layer = model.layers[0]
    config = BertConfig(
        vocab_size=model.word.num_embeddings, hidden_size=model.word.embedding_dim,
        num_hidden_layers=len(model.layers), num_attention_heads=layer.heads,
        intermediate_size=layer.widen.out_features, max_position_embeddings=model.pieces.longest,
        layer_norm_eps=layer.done.eps,
        pad_token_id=model.pieces.tokenizer.token_to_id(pieces.PADDING),
    )  # fmt: skip
    bert = BertModel(config, add_pooling_layer=False)
    bert.load_state_dict(model.bert(), strict=True)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=model.pieces.tokenizer, model_max_length=model.pieces.longest,
        bos_token=pieces.BEGIN, cls_token=pieces.BEGIN, eos_token=pieces.END, sep_token=pieces.END,
        pad_token=pieces.PADDING, unk_token=pieces.UNKNOWN,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as plain:
        bert.half().save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        settings = Path(plain) / "config.json"
        # Stored in 16 bits, computed in 32: processors are slow at the former.
        write_json(settings, json.loads(settings.read_text("utf-8")) | {"dtype": "float32"})
        word = Transformer(plain, max_seq_length=model.pieces.longest)
        shutil.rmtree(folder, ignore_errors=True)
        whole = SentenceTransformer(modules=[word, Pooling(config.hidden_size, "mean"), Normalize()], device="cpu")
        whole.half().save_pretrained(str(folder), create_model_card=False)
    settings = folder / "config.json"
    write_json(settings, json.loads(settings.read_text("utf-8")) | {"dtype": "float32"})
    write_json(folder / "manifest.json", manifest)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the sorted names and contents of a folder's files."""
    sums = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        sums.update(file.relative_to(path).as_posix().encode() if file != path else b"")
        sums.update(file.read_bytes())
    return sums.hexdigest()
