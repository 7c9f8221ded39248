"""Writing a file so that whoever reads meanwhile sees the old one or the new one, never half of either."""

from __future__ import annotations

import os
from pathlib import Path

from cli.problem import Problem


def write_whole(path: Path, content: bytes) -> None:
    """Write beside and rename, keeping the file's rights. Raises Problem where that cannot be done."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        if path.exists():
            os.chmod(beside, path.stat().st_mode & 0o777)
        os.replace(beside, path)
    except OSError as error:
        raise Problem(f"写不了 {path}:{error.strerror or error}", "检查目录和写权限", status=1) from error
    finally:
        beside.unlink(missing_ok=True)
