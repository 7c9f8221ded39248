"""Writing a static encoder as a sentence-transformers model folder, 8 bits a number.

Layout (what `SentenceTransformer(folder)` reads): `modules.json` naming StaticEmbedding and Normalize,
`tokenizer.json`, `model.safetensors` with `embeddings` int8 [words, dimension] and `weights` float32 [words], the
scale of each row, so that a word's vector is `embeddings[i] * weights[i]`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

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


def write_encoder(folder: Path, tokenizer: Tokenizer, vectors: np.ndarray, manifest: dict) -> None:
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
