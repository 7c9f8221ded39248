"""What a file is, by its content; what becomes of pictures and of names."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from gateway import media

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **options)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


def moving() -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (20, 20), (shade, 0, 0)) for shade in (10, 200)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def kept(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("WEBP"), "image/webp"),
        (moving(), "image/gif"),
        (b"%PDF-1.7\n...", "application/pdf"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00", "video/mp4"),
        (archive("[Content_Types].xml", "word/document.xml"), WORD),
        ("订单号,金额\n1,2\n".encode("gb18030"), "text/plain"),
        ("\ufeff第一行".encode(), "text/plain"),
    ],
)
def test_what_is_taken_is_known_by_its_content(tmp_path: Path, raw: bytes, kind: str) -> None:
    assert media.kind_of(kept(tmp_path, raw)) == kind


@pytest.mark.parametrize(
    "raw",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "<!DOCTYPE html><p>你好".encode(),
        b"  \n<ScRiPt>alert(1)</script>",
        b"<?xml version='1.0'?><x/>",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        archive("evil.exe"),
        archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        b"PK\x03\x04 and nothing more",
        b"\x89PNG\r\n\x1a\n and then nothing",
        b"\xff\xd8\xff\xe0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"   \n ",
        b"a\x00b",
    ],
)
def test_pages_programs_and_broken_files_are_nothing_that_is_taken(tmp_path: Path, raw: bytes) -> None:
    assert media.kind_of(kept(tmp_path, raw)) == ""


def test_a_picture_is_drawn_anew_upright_and_without_what_it_tells_of_its_place(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "secret-place"
    raw = picture("JPEG", (600, 300), exif=exif.tobytes()) + b"<script>appended</script>"
    drawn = media.redrawn(kept(tmp_path, raw))
    assert (drawn.width, drawn.height) == (300, 600)
    assert b"secret-place" not in drawn.content
    assert b"appended" not in drawn.content
    with Image.open(BytesIO(drawn.content)) as shown:
        assert shown.size == (300, 600)
        assert not shown.getexif()
    with Image.open(BytesIO(drawn.small)) as small:
        assert max(small.size) == media.SMALL_SIDE


def test_a_large_picture_becomes_smaller_and_a_small_one_needs_no_smaller_one(tmp_path: Path) -> None:
    large = media.redrawn(kept(tmp_path, picture("PNG", (3000, 100))))
    assert (large.width, large.height) == (media.LONGEST_SIDE, 85)
    assert media.redrawn(kept(tmp_path, picture("PNG", (100, 100)))).small == b""


def test_a_moving_picture_keeps_moving(tmp_path: Path) -> None:
    assert media.redrawn(kept(tmp_path, moving())).content == moving()


def test_a_picture_with_too_many_pixels_or_cut_short_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = picture("PNG", (300, 300))
    with pytest.raises(media.UnreadablePictureError):
        media.redrawn(kept(tmp_path, whole[: len(whole) // 2]))
    monkeypatch.setattr(media, "MOST_PIXELS", 89_999)
    with pytest.raises(media.UnreadablePictureError):
        media.redrawn(kept(tmp_path, whole))


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("破损 照片.JPG", "image/jpeg", "破损 照片.jpg"),
        ("photo.jpg.exe", "image/png", "photo.jpg.exe.png"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\我\\报价.docx", WORD, "报价.docx"),
        ("a\u202egpj.exe", "application/pdf", "agpj.exe.pdf"),
        ("", "image/gif", "图片.gif"),
        (".pdf", "application/pdf", "文件.pdf"),
        ("...", "application/pdf", "文件.pdf"),
        ('a"b<c>\r\nd.csv', "text/plain", "a b c d.csv"),
        ("长" * 200 + ".txt", "text/plain", "长" * 76 + ".txt"),
    ],
)
def test_a_name_is_safe_to_show_and_to_save(given: str, kind: str, name: str) -> None:
    assert media.safe_name(given, kind) == name
