"""A site's word about its customer is believed only as it was signed, and not for long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.records.identity import CODE_LETTERS, Identity, IdentityError, mint_code, read_code, sign, verify

SECRET, NOW = "s" * 48, 1_800_000_000
LINE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40)


def signed(external_id: str = "u-1", *, issued_at: int = NOW, name: str = "") -> Identity:
    return Identity(external_id, issued_at, sign(SECRET, external_id, issued_at, name), name)


def refusal(identity: Identity, secret: str = SECRET) -> str:
    with pytest.raises(IdentityError) as caught:
        verify(secret, identity, now_s=NOW, life_s=600)
    return str(caught.value)


def test_the_signature_is_the_one_that_is_documented(root):
    import hashlib
    import hmac

    message = "jiehua-v1\n1800000000\nu-1\n张三".encode()
    assert sign(SECRET, "u-1", NOW, "张三") == hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    page = (root / "docs" / "subsystems" / "records.md").read_text(encoding="utf-8")
    assert r'"jiehua-v1\n" + issued_at + "\n" + external_id + "\n" + name' in page


@given(external_id=LINE, name=LINE, late=st.integers(-60, 600))
def test_what_the_site_signed_is_believed_while_it_is_fresh(external_id, name, late):
    verify(SECRET, signed(external_id, issued_at=NOW - late, name=name), now_s=NOW, life_s=600)


@given(external_id=LINE, other=LINE, name=LINE, forged=LINE)
def test_whoever_changes_a_letter_is_found_out(external_id, other, name, forged):
    true = signed(external_id, name=name)
    for change in ({"external_id": other}, {"name": other}, {"signature": forged}, {"issued_at": NOW - 1}):
        if replace(true, **change) != true:
            assert "签名不对" in refusal(replace(true, **change))


def test_a_name_is_not_read_as_part_of_an_id():
    assert sign(SECRET, "a", NOW, "b") != sign(SECRET, "a\nb", NOW, "")
    assert "external_id" in refusal(replace(signed("a\nb")))


def test_another_secret_an_old_and_a_future_signature_are_refused_each_with_its_reason():
    assert "签名不对" in refusal(signed(), "t" * 48)
    assert "过期" in refusal(signed(issued_at=NOW - 601))
    assert "将来" in refusal(signed(issued_at=NOW + 61))
    for bad in ("", "x" * 129, "a\x00b", "a\u2028b", "\ud800"):
        assert "external_id" in refusal(signed(bad))


def test_a_code_is_read_as_people_type_it():
    code = mint_code()
    assert len(code) == CODE_LETTERS
    assert read_code(f" {code[:4].lower()}-{code[4:]}\n") == code
    for bad in ("", code[:-1], code + "2", "0000OOOO", "中文字母也不行的", "<script>"):
        assert read_code(bad) == ""
    assert len({mint_code() for _ in range(500)}) == 500
