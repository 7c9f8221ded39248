"""The one word table of this process, shared by the components that need sentence vectors."""

from __future__ import annotations

import functools

from bot.paths import word_table
from language.static_encoder import StaticEncoder


@functools.cache
def shared_encoder() -> StaticEncoder:
    """Load the table once; raises EncoderError naming what is missing."""
    return StaticEncoder.load(word_table())
