"""The engine in one process's memory."""

from handoff.memory.backend import MemoryBackend

__all__ = ["MemoryBackend"]
