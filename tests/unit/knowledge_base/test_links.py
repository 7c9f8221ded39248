"""Links and images: what can be seen without the network, and what the network says."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from knowledge_base.links import Link, links_of, probe


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/a?b=1#c",
        "http://shop.example.cn",
        "https://例子.中国/路径",
        "/help/1",
        "#top",
        "help.html",
        "tel:400-000-5216",
        "mailto:a@example.com",
    ],
)
def test_addresses_that_can_work(target):
    assert Link(target).fault is None


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "没有地址"),
        ("htp://example.com", "不是网页地址"),
        ("http:/example.com", "没有域名"),
        ("https://", "没有域名"),
        ("https://example", "没有域名"),
        ("https：//example.com", "全角"),
        ("https://example.com/a。", "全角"),
        ("https://example.com/a b", "空格"),
        ("https://[::1", "不是正确的地址"),
        ("tel:客服", "不是电话"),
        ("mailto:nobody", "不是邮箱"),
        ("C:\\图.png", "不是网页地址"),
    ],
)
def test_addresses_that_cannot(target, said):
    fault = Link(target).fault
    assert fault is not None
    assert said in fault[0]
    assert fault[1]


def test_links_images_and_brackets_that_never_close_are_found():
    answer = '看[这里](https://a.example "题") ![图](<img/a b.png>)\n[没关](https://b.example\n下一行 [好](/x)'
    found = links_of(answer, ["img/c.png"])
    assert [(one.target, one.image, one.open) for one in found] == [
        ("https://a.example", False, False),
        ("img/a b.png", True, False),
        ("https://b.example", False, True),
        ("/x", False, False),
        ("img/c.png", True, False),
    ]
    assert [one.fault is None for one in found] == [True, False, False, True, True]


def test_what_does_not_open_is_told_and_what_opens_is_not():
    status = {"https://good.example": 200, "https://gone.example": 404}

    def ask(target: str) -> int:
        if target not in status:
            raise OSError("no such host")
        return status[target]

    said = probe([*status, "https://nowhere.example", "https://good.example"], ask)
    assert said == {"https://gone.example": "返回 404", "https://nowhere.example": "连不上（no such host）"}


def test_a_server_that_knows_no_head_is_asked_again():
    class Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(405)

        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/good" else 410)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert probe([f"{address}/good", f"{address}/gone"]) == {f"{address}/gone": "返回 410"}
        server.shutdown()
