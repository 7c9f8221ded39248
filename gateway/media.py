"""What a file is, told by its content: its name and what the browser says of it are only words.

Taken are raster pictures and a few kinds of documents that carry no programs. Pictures are decoded and drawn anew, so
that what others see holds neither a place (EXIF) nor anything beside the picture; moving pictures stay as they are.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from gateway import text

PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    _OFFICE["word/"]: (".docx",),
    _OFFICE["xl/"]: (".xlsx",),
    _OFFICE["ppt/"]: (".pptx",),
    "video/mp4": (".mp4", ".mov", ".m4v"),
    "text/plain": (".txt", ".csv", ".log", ".md"),
}
_PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_VIDEO_BRANDS = frozenset(b"isom iso2 iso4 iso5 iso6 mp41 mp42 avc1 3gp4 3gp5".split()) | {b"M4V ", b"qt  "}
_MARKUP = re.compile(rb"<\s*(!doctype|html|svg|script|iframe|body|head|\?xml)\b", re.IGNORECASE)
#: A picture of more pixels takes more memory to look at than it is worth.
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 2560
SMALL_SIDE = 480
_HEAD_BYTES = 4096
MOST_NAME = 80
_UNSAFE_IN_NAMES = re.compile(r'[\\/:*?"<>|\s]+')


class UnreadablePictureError(ValueError):
    """It begins like a picture and is none that can be shown."""


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew: its bytes, and a small one for lists (empty where the picture is small itself)."""

    content: bytes
    small: bytes
    width: int
    height: int


def kind_of(path: Path) -> str:
    """The media type of the file at `path`, one of SUFFIXES; "" for anything else."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_PICTURE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return _picture_kind(path)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head[4:8] == b"ftyp" and head[8:12] in _VIDEO_BRANDS:
        return "video/mp4"
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(path)
    return "text/plain" if _is_text(path) else ""


def _picture_kind(path: Path) -> str:
    try:
        with Image.open(path, formats=list(PICTURES)) as image:
            return PICTURES[image.format or ""]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, KeyError):
        return ""


def _office_kind(path: Path) -> str:
    """A document of Word, Excel or PowerPoint without macros; other archives are not taken."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ""
    if "[Content_Types].xml" not in names or any(name.lower().endswith("vbaproject.bin") for name in names):
        return ""
    return next((kind for part, kind in _OFFICE.items() if any(name.startswith(part) for name in names)), "")


def _is_text(path: Path) -> bool:
    """Words in UTF-8 or GB18030 without control characters, and not what a browser might take for a page."""
    raw = path.read_bytes()
    if not raw.strip() or _MARKUP.search(raw[:_HEAD_BYTES]) or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", raw):
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def redrawn(path: Path) -> Picture:
    """The picture at `path`, upright, without what is not picture, no side longer than LONGEST_SIDE pixels.

    Raises UnreadablePictureError for a broken or a far too large one.
    """
    try:
        with Image.open(path, formats=list(PICTURES)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnreadablePictureError("too many pixels")
            if getattr(image, "n_frames", 1) > 1:
                image.seek(image.n_frames - 1)  # every frame can be read
                image.seek(0)
                return Picture(path.read_bytes(), _small(image.convert("RGBA")), image.width, image.height)
            kind = image.format or ""
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG alone: decodes no more than is wanted
            upright = ImageOps.exif_transpose(image)
            plain = upright.convert("RGB" if kind == "JPEG" else "RGBA" if _sees_through(upright) else "RGB")
            plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            return Picture(_encoded(plain, kind), _small(plain), plain.width, plain.height)
    except UnreadablePictureError:
        raise
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise UnreadablePictureError(type(error).__name__) from error


def _sees_through(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _encoded(image: Image.Image, kind: str) -> bytes:
    out = BytesIO()
    options = {"JPEG": {"quality": 88}, "WEBP": {"quality": 88}}.get(kind, {})
    image.save(out, kind, **options)
    return out.getvalue()


def _small(image: Image.Image) -> bytes:
    if max(image.size) <= SMALL_SIDE:
        return b""
    image = image.copy()
    image.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return _encoded(image, "WEBP")


def safe_name(given: str, media_type: str) -> str:
    """A file name that is safe to show and to save: no path, no tricks with direction, the suffix of what it is."""
    last = re.split(r"[\\/]", text.clean(given))[-1]
    stem, dot, suffix = last.rpartition(".")
    suffix = f".{suffix.lower()}"
    known = SUFFIXES[media_type]
    stem = _UNSAFE_IN_NAMES.sub(" ", stem if dot and suffix in known else last).strip(" .")
    kept = suffix if dot and suffix in known else known[0]
    usual = "图片" if media_type.startswith("image/") else "文件"
    return (stem[: MOST_NAME - len(kept)].rstrip() or usual) + kept
