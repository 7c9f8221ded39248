"""The archiver's process: moves what has changed in Redis into the archive; see `handoff.archive`.

    python -m gateway.archiver

One is enough. On SIGTERM it finishes the batch in hand; killed at any moment, it loses and doubles nothing.
"""

from __future__ import annotations

import sys

from gateway.settings import Settings, SettingsError


def main() -> None:
    """Run the archiver until SIGTERM or SIGINT."""
    from gateway.wiring import run_archiver

    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    raise SystemExit(run_archiver(settings))


if __name__ == "__main__":
    main()
