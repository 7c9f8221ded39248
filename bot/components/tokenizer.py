"""Words of the normalised text, cut by jieba with the shop's own words kept whole."""

from __future__ import annotations

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message

from bot.paths import ROOT
from language.normalise import normalise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

jieba.setLogLevel(logging.WARNING)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class ShopTokenizer(JiebaTokenizer):
    """JiebaTokenizer over normalised text; a changed dictionary makes Rasa train again.

    Normalising here, and not only before Rasa, gives training examples and messages the same spelling. Offsets are
    those of the normalised text; white space gives no token.
    """

    @classmethod
    def create(cls, config: dict[str, Any], *args: Any, **kwargs: Any) -> ShopTokenizer:
        """Create it with a dictionary path that does not depend on the working directory."""
        folder = config.get("dictionary_path")
        if folder is not None:
            config = {**config, "dictionary_path": str(ROOT / folder)}
        return super().create(config, *args, **kwargs)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Digest of the dictionary files: Rasa caches components by source and configuration alone."""
        folder = config.get("dictionary_path")
        if folder is None:
            return None
        digest = hashlib.sha256()
        for path in sorted(Path(ROOT / folder).glob("*")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Cut one attribute of a message."""
        text = normalise(message.get(attribute))
        return [Token(word, start) for word, start, _ in jieba.tokenize(text) if not word.isspace()]
