"""Where things lie in the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
RASA_MODEL = ROOT / "models" / "rasa" / "jiehua.tar.gz"
FAQ = ROOT / "knowledge_base" / "faq"
FAQ_SCHEMA = ROOT / "knowledge_base" / "faq.schema.json"
ENCODER = ROOT / "models" / "encoder"
WORDS = ROOT / "models" / "words"
SENTIMENT = ROOT / "models" / "sentiment"
FINDER = ROOT / "models" / "finder"
