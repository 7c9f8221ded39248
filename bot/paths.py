"""Where the bot's files are, whatever the working directory."""

from __future__ import annotations

import os
from pathlib import Path

#: The checkout: the folder that holds config.yml and domain.yml.
ROOT = Path(__file__).resolve().parents[1]

MODEL_FOLDER = ROOT / "models" / "rasa"
#: The trained Rasa model and, beside it, the digests of what it was trained from.
MODEL = MODEL_FOLDER / "jiehua.tar.gz"
MANIFEST = MODEL_FOLDER / "manifest.json"
#: The folder of jieba user dictionaries that the training writes from the FAQ and the product names.
WORDS = MODEL_FOLDER / "words"
#: The spaCy pipeline that the training builds.
SPACY = ROOT / "models" / "spacy"


def from_environment(name: str, default: str) -> Path:
    """The path in the environment variable `name`, or `default`; a relative path is one below the checkout."""
    path = Path(os.environ.get(name) or default)
    return path if path.is_absolute() else ROOT / path


def word_table() -> Path:
    """The folder of the shipped word vectors; the bot reads these whatever encoder the knowledge base uses."""
    return ROOT / "models" / "words"


def sentiment() -> Path:
    """The folder of the sentiment model (JIEHUA_SENTIMENT)."""
    return from_environment("JIEHUA_SENTIMENT", "models/sentiment")
