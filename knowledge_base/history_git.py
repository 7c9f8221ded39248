"""The history of a base whose folder is a git repository: its commits, read entry by entry, and a commit a publication.

Only the folder itself being the repository's root counts: a base that lies somewhere inside another project's checkout
keeps snapshots, for its editors would not expect commits there (docs/decisions/0202).
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from knowledge_base import files
from knowledge_base.editing import form_of
from knowledge_base.entry import FaqEntry
from knowledge_base.history import BY_HAND, FIRST_SEEN, PUBLISHED, Version

log = logging.getLogger(__name__)

MOST_COMMITS = 500
PATIENCE_S = 20
_NOTHING = "0" * 40
_MARK, _FIELD = "\x1e", "\x1f"
#: git's `--format`: mark, commit, parents, seconds, author, mail, who of ours, reason.
_FORMAT = (
    _MARK + _FIELD.join(["%H", "%P", "%at", "%an", "%(trailers:key=Jiehua-Editor,valueonly,separator=%x20)"])
    + _FIELD + "%(trailers:key=Jiehua-Reason,valueonly,unfold,separator=%x20)" + _FIELD
)  # fmt: skip
_RAW = re.compile(r"^:\d+ \d+ ([0-9a-f]{40}) ([0-9a-f]{40}) \w\d*\t(.+)$", re.MULTILINE)
#: No hooks, no signing, nothing asked: a publication must not wait for a person.
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false", "-c", "core.quotepath=false")
_OURS = ("-c", "user.name=接话", "-c", "user.email=jiehua@localhost")
_HAND = "手工修改"


class GitHistory:
    """The history of the repository in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[str, list[Version]] = ("", [])

    @staticmethod
    def is_repository(folder: Path) -> bool:
        """Whether `folder` is the root of a work tree that git is willing to look at."""
        if not (folder / ".git").exists():
            return False
        try:
            return Path(_git(folder, "rev-parse", "--show-toplevel").strip()).resolve() == folder.resolve()
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("%s has a .git that git does not take; snapshots are kept instead: %s", folder, error)
            return False

    def notice(self, entries: Sequence[FaqEntry], *, writing: bool = False) -> None:
        """Before a publication, what people changed and did not commit becomes a commit of its own, not ours."""
        if not writing:
            return
        changed = [
            line[3:] for line in self._try("status", "--porcelain", "-z", "--", *_patterns()).split("\0") if line
        ]
        if changed:
            self._commit(changed, _HAND, author="")

    def record(self, entries: Sequence[FaqEntry], files: Sequence[Path], *, who: str, reason: str = "") -> None:
        names = [file.relative_to(self._folder).as_posix() for file in files]
        title = "发布 " + "、".join(entry.id for entry in entries)
        trailers = f"Jiehua-Editor: {who}" + (f"\nJiehua-Reason: {' '.join(reason.split())}" if reason else "")
        self._commit(names, f"{title[:100]}\n\n{trailers}", author=who)

    def versions(self, entry_id: str = "", *, limit: int = 100) -> list[Version]:
        wanted = (one for one in self._all() if (one.entry_id == entry_id if entry_id else one.what != FIRST_SEEN))
        return [one for one, _ in zip(wanted, range(limit))]

    def before(self, version: Version) -> Version | None:
        mine = [one for one in self._all() if one.entry_id == version.entry_id]
        at = next((at for at, one in enumerate(mine) if one.number == version.number), len(mine))
        return mine[at + 1] if at + 1 < len(mine) else None

    def version(self, number: str) -> Version | None:
        return next((one for one in self._all() if one.number == number), None)

    def _all(self) -> list[Version]:
        """Every version of the last `MOST_COMMITS` commits, the latest first; read again when there is a new one."""
        head = self._try("rev-parse", "-q", "--verify", "HEAD").strip()
        if head and self._read[0] != head:
            self._read = (head, self._read_commits())
        return self._read[1] if head else []

    def _read_commits(self) -> list[Version]:
        told = self._try(
            "log", f"-{MOST_COMMITS}", f"--format={_FORMAT}", "--raw", "--no-abbrev", "--no-renames", "-m",
            "--first-parent", "--", *_patterns(),
        )  # fmt: skip
        versions = []
        for commit in told.split(_MARK)[1:]:
            sha, parents, seconds, author, who, reason, rest = commit.split(_FIELD, 6)
            before: dict[str, FaqEntry] = {}
            after: dict[str, FaqEntry] = {}
            for old, new, name in _RAW.findall(rest):
                before |= self._entries(old, name)
                after |= self._entries(new, name)
            what = PUBLISHED if who else BY_HAND if parents else FIRST_SEEN
            for entry_id in sorted(before.keys() | after.keys()):
                entry = after.get(entry_id)
                if entry != before.get(entry_id):
                    form = form_of(entry) if entry is not None else None
                    versions.append(
                        Version(f"{sha}:{entry_id}", entry_id, int(seconds) * 1000, who or author, what, form, reason)
                    )
        return versions

    def _entries(self, blob: str, name: str) -> dict[str, FaqEntry]:
        if blob == _NOTHING:
            return {}
        return {entry.id: entry for entry in _parsed(self._folder, blob, name)}

    def _commit(self, names: Iterable[str], message: str, *, author: str) -> None:
        """A file that is written stays written whatever git says; then people commit it themselves."""
        named = list(names)
        name = re.sub(r"[^\w.-]", "", author)
        by = ("--author", f"{name} <{name}@jiehua.invalid>") if name else ()
        try:
            _git(self._folder, "add", "-A", "--", *named)
            _git(self._folder, *_OURS, "commit", "-q", "--no-verify", *by, "-m", message, "--only", "--", *named)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("published, but not committed in %s: %s", self._folder, error)

    def _try(self, *arguments: str) -> str:
        try:
            return _git(self._folder, *arguments)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("git does not answer in %s: %s", self._folder, error)
            return ""


@lru_cache(maxsize=4096)
def _parsed(folder: Path, blob: str, name: str) -> tuple[FaqEntry, ...]:
    """The entries of one file as it was; a blob never changes."""
    try:
        raw = _git(folder, "cat-file", "blob", blob)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(entry for entry, _ in files.parse(name, raw.encode("utf-8", "surrogateescape")).found)


def _patterns() -> list[str]:
    return [f":(glob)**/*{suffix}" for suffix in files.YAML_SUFFIXES]


def _git(folder: Path, *arguments: str) -> str:
    # A GIT_DIR of whoever started us must not lead elsewhere.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["git", "-C", str(folder), *_QUIET, *arguments],
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
        env=environment,
    )
    return done.stdout.decode("utf-8", "surrogateescape")
