"""The one sentence encoder of this process, shared by the components that need it."""

from __future__ import annotations

import functools

from bot.paths import encoder as encoder_folder
from language.static_encoder import StaticEncoder


@functools.cache
def shared_encoder() -> StaticEncoder:
    """Load the encoder once; raises EncoderError naming what is missing."""
    return StaticEncoder.load(encoder_folder())
