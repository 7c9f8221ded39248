"""A small deterministic encoder and a small base for the knowledge tests."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from knowledge_base.entry import FaqEntry
from knowledge_base.lexical import bigrams


class BagOfPairs:
    """Character pairs hashed into 512 places, unit length: similar wording gives similar vectors, without a model."""

    name = "bag-of-pairs"
    dimension = 512
    digest = "bag-of-pairs-1"
    words = None

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        out = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for pair in bigrams(text):
                out[row, zlib.crc32(pair.encode()) % self.dimension] += 1
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


@pytest.fixture
def encoder() -> BagOfPairs:
    return BagOfPairs()


@pytest.fixture
def entries() -> list[FaqEntry]:
    return [
        FaqEntry(
            "refund", "退款多久到账", "一般三个工作日内原路退回。", ("钱什么时候退回来", "退的钱几天能到"), "售后"
        ),
        FaqEntry("return", "怎么申请退货", "在订单页点「申请售后」。", ("我想退货", "东西不要了怎么退"), "售后"),
        FaqEntry(
            "invoice", "怎么开发票", "在订单详情页点「申请发票」。", ("可以开专票吗",), "发票", updated=date(2025, 3, 1)
        ),
        FaqEntry("ship", "下单后多久发货", "现货四十八小时内发出。", ("什么时候发货", "几天能寄出"), "物流"),
        FaqEntry("coupon", "优惠券怎么用", "结算页勾选即可抵扣。", ("券用不了怎么办",), "优惠"),
    ]
