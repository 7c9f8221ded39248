"""When a person is due, rule by rule, with the traps beside the hits."""

from __future__ import annotations

import pytest

from contracts.escalation import Reason
from contracts.understanding import Sentiment
from handoff.triggers import TriggerPolicy, TurnSignals, after_answer, asks, before_answer

POLICY = TriggerPolicy.from_yaml()


def mood(anger: float = 0.0, wants_human: float = 0.0, threat: float = 0.0, label: str = "") -> Sentiment:
    named = label or ("negative" if anger >= 0.5 else "neutral")
    return Sentiment(named, 0.8, 0.1, 0.1, anger, wants_human, threat)


def reason_of(*texts: str, sentiment: Sentiment | None = None) -> str:
    history = [TurnSignals(number, text) for number, text in enumerate(texts, 1)]
    if sentiment is not None:
        history[-1] = TurnSignals(len(texts), texts[-1], sentiment=sentiment)
    found = before_answer(history, POLICY)
    return found.reason.value if found else "none"


@pytest.mark.parametrize(
    "text",
    [
        "转人工", "轉人工", "我要转人工！", "人工", "人工客服", "找个真人", "能不能找个真人跟我说", "叫你们经理来",
        "让你们主管给我打电话", "有没有活人", "换个人来", "给我接一下售后", "请安排专员联系我", "帮我转接一下",
        "我要跟人说话，不是跟程序", "真人客服在哪里", "怎么才能转人工", "麻烦给我回个电话", "转 人 工", "zrg",
        "可以帮我接通人工坐席吗", "让店长跟我说", "别机器人糊弄了，叫个人来", "我想找客服聊聊",
    ],
)  # fmt: skip
def test_a_request_for_a_person_is_obeyed(text):
    assert reason_of(text) == "explicit_request"


@pytest.mark.parametrize(
    "text",
    [
        "人工智能课程多少钱", "上门的人工费怎么算", "不用转人工", "不用找人工了，你说就行", "人工客服几点上班",
        "你是真人吗", "人工泪液一天滴几次", "人工审核要几天", "转账转错了", "怎么转让会员", "这个接口能转接头吗",
        "你比人工还快", "昨天的人工客服叫什么", "客服真好", "经理账号怎么开", "家里没人，放门口行吗",
        "行，那先让师傅来看看",
    ],
)  # fmt: skip
def test_naming_a_person_is_not_asking_for_one(text):
    assert reason_of(text) == "none"


def test_the_models_may_hear_a_request_that_no_word_names():
    assert reason_of("这事你办不了吧，让会办的来一个", sentiment=mood(wants_human=0.95)) == "explicit_request"
    heard = TurnSignals(1, "嗯那就那样吧", "request_human", 0.9, mood(wants_human=0.5))
    assert before_answer([heard], POLICY).evidence[0].signal == "intent"
    doubtful = TurnSignals(1, "嗯那就那样吧", "request_human", 0.9, mood(wants_human=0.05))
    assert before_answer([doubtful], POLICY) is None


def test_who_says_no_to_a_person_is_believed_whatever_the_models_hear():
    assert reason_of("不用转人工了", sentiment=mood(wants_human=0.99)) == "none"
    cancelled = TurnSignals(1, "算了先这样", "cancel_handoff", 0.9, mood(wants_human=0.9))
    assert before_answer([cancelled], POLICY) is None


@pytest.mark.parametrize(
    "text",
    [
        "再不退我就打12315", "我要去消协投诉你们", "等着收律师函吧", "不解决就法院见", "我要曝光你们",
        "明天就发抖音让大家看看", "已经联系了电视台来采访", "我会向市场监管局举报", "告到你们关门为止，起诉你们公司",
        "黑猫投诉走起", "必要时我保留起诉的权利",
    ],
)  # fmt: skip
def test_a_step_against_the_company_is_a_threat(text):
    assert reason_of(text) == "threat"


@pytest.mark.parametrize(
    "text",
    [
        "怎么投诉快递员", "想投诉物业，找哪个部门", "投诉渠道有哪些", "我在法院上班，发票怎么开",
        "相机的曝光补偿怎么调",
        "被网上骗了已经报警了，正品店在哪", "差评可以修改吗", "投诉撤了，谢谢", "12315怎么登录", "举报奖励怎么领",
        "烟雾报警器装哪里", "我不是来投诉的",
    ],
)  # fmt: skip
def test_asking_how_or_meaning_somebody_else_is_no_threat(text):
    assert reason_of(text) == "none"


def test_who_complains_about_somebody_else_goes_on_about_them_unless_they_say_you():
    assert reason_of("楼上太吵了，怎么投诉他们", "好，我打12345试试") == "none"
    assert reason_of("楼上太吵了，怎么投诉他们", "好，顺便我也打12345投诉你们") == "threat"


def test_a_mention_needs_the_model_to_be_a_threat():
    assert reason_of("这种事要不要维权呢", sentiment=mood(threat=0.1)) == "none"
    assert reason_of("那我只好维权了", sentiment=mood(threat=0.6)) == "threat"


@pytest.mark.parametrize(
    "text",
    [
        "插座冒烟了", "烤箱起火了", "孩子的手被烫伤了", "摸到外壳被电了一下", "我的账号被盗了", "有人登了我的号下单",
        "我女儿偷偷用我手机充值了两千", "闻到一股煤气味", "玻璃门炸裂了，割破了手", "我爸用了以后晕倒送医了",
        "卡被盗刷了", "这单不是我下的",
    ],
)  # fmt: skip
def test_a_sensitive_matter_calls_a_person_however_calm(text):
    assert reason_of(text) == "sensitive"


@pytest.mark.parametrize(
    "text",
    [
        "会不会漏电", "有漏电保护吗", "防烫手把怎么装", "给孩子买了台学习机，能退吗", "热水器打不着火", "这款好火啊",
        "怎么防止账号被盗", "着火点是多少", "适合小孩用吗", "儿童锁怎么开",
    ],
)  # fmt: skip
def test_asking_about_safety_is_not_an_accident(text):
    assert reason_of(text) == "none"


def test_plain_anger_calls_a_person_and_annoyance_does_not():
    assert reason_of("你们这是骗人吧", sentiment=mood(anger=1.0)) == "anger"
    assert reason_of("等了一天没人理", sentiment=mood(anger=2.1)) == "anger"
    assert reason_of("有点烦，老是变", sentiment=mood(anger=1.0)) == "none"
    assert reason_of("这个垃圾桶多少钱", sentiment=mood(anger=0.1)) == "none"


def test_the_graver_reason_is_named():
    assert reason_of("转人工！再不来我就打12315", sentiment=mood(anger=2.5)) == "threat"
    assert reason_of("插座冒烟了，快转人工", sentiment=mood(anger=2.5)) == "sensitive"
    assert reason_of("废物，转人工", sentiment=mood(anger=2.5)) == "explicit_request"


def test_the_second_report_that_it_did_not_help_calls_a_person():
    story = ["路由器连不上", "重启了还是不行", "照你说的恢复出厂了，仍然连不上"]
    assert reason_of(*story[:2]) == "none"
    assert reason_of(*story) == "repeated_failure"


def test_votes_count_as_reports_and_the_first_message_does_not():
    assert reason_of("空调还是不凉", "滤网洗了，还是不凉") == "none"
    voted = [TurnSignals(1, "怎么退货"), TurnSignals(2, "嗯", not_helpful=True), TurnSignals(3, "嗯", not_helpful=True)]
    assert before_answer(voted[:2], POLICY) is None
    assert before_answer(voted, POLICY).reason is Reason.REPEATED_FAILURE


def test_the_third_asking_of_the_same_thing_calls_a_person():
    chain = [
        TurnSignals(1, "什么时候发货"),
        TurnSignals(4, "几号能发出来", repeat_of=1, repeat_similarity=0.8),
        TurnSignals(7, "发货日期是哪天", repeat_of=4, repeat_similarity=0.7),
    ]
    assert before_answer(chain[:2], POLICY) is None
    found = before_answer(chain, POLICY)
    assert (found.reason, [one.seq for one in found.evidence]) == (Reason.REPEATED_QUESTION, [1, 4, 7])


def test_both_repeats_of_one_first_question_are_its_second_and_third_asking():
    chain = [
        TurnSignals(1, "什么时候发货"),
        TurnSignals(4, "几号能发出来", repeat_of=1, repeat_similarity=0.8),
        TurnSignals(7, "发货日期是哪天", repeat_of=1, repeat_similarity=0.9),
    ]
    assert before_answer(chain, POLICY).reason is Reason.REPEATED_QUESTION


def test_a_weak_likeness_is_no_repeat():
    chain = [
        TurnSignals(1, "什么时候发货"),
        TurnSignals(2, "运费多少", repeat_of=1, repeat_similarity=0.3),
        TurnSignals(3, "能货到付款么", repeat_of=2, repeat_similarity=0.3),
    ]
    assert before_answer(chain, POLICY) is None


def test_words_alone_may_say_that_it_is_asked_again():
    assert reason_of("我的订单几号发", "我问的是发货，不是送达", "还是没说，到底哪天发") == "repeated_question"


def misses(*outcomes: str) -> list[TurnSignals]:
    return [TurnSignals(number, "问", outcome=outcome) for number, outcome in enumerate(outcomes, 1)]


def test_the_second_miss_in_a_row_calls_a_person_and_a_vip_waits_for_none():
    assert after_answer(misses("miss"), POLICY) is None
    assert after_answer(misses("miss", "answer", "miss"), POLICY) is None
    assert after_answer(misses("answer", "miss", "miss"), POLICY).reason is Reason.MISSES
    assert after_answer(misses("miss"), POLICY, vip=True).reason is Reason.MISSES


@pytest.mark.parametrize(
    ("text", "asks_something"),
    [
        ("装一台要几个小时", True),
        ("企业采购", True),
        ("黎曼猜想怎么证明", True),
        ("帮我看看停车方便不", True),
        ("师傅现场说只给六十", False),
        ("等配件十二天了", False),
        ("嗯嗯，我打12345试试", False),
    ],
)
def test_keywords_and_questions_ask_and_what_only_tells_does_not(text: str, asks_something: bool):
    assert asks(TurnSignals(1, text), POLICY) is asks_something


def test_only_a_question_can_be_missed_but_a_long_row_of_misses_calls_a_person_all_the_same():
    told = [
        TurnSignals(n, text, outcome="miss") for n, text in enumerate(("地板都泡了", "周日又没来", "照片发你了"), 1)
    ]
    assert after_answer(told, POLICY) is None
    question = TurnSignals(4, "那家店几点关门", outcome="miss")
    other = TurnSignals(5, "停车方便吗", outcome="miss")
    assert after_answer([told[0], question], POLICY) is None
    found = after_answer([question, told[0], other], POLICY)
    assert [evidence.detail for evidence in found.evidence] == ["那家店几点关门", "停车方便吗"]
    assert after_answer([*told, TurnSignals(4, "我就在家等着", outcome="miss")], POLICY).reason is Reason.MISSES


def test_an_entry_marked_to_escalate_calls_a_person_when_it_answers():
    marked = TurnSignals(1, "问", outcome="answer", entry_id="f1", entry_escalates=True)
    assert after_answer([marked], POLICY).reason is Reason.SENSITIVE
    assert after_answer([TurnSignals(1, "问", outcome="clarify", entry_escalates=True)], POLICY) is None


def test_nothing_said_calls_nobody():
    assert before_answer([], POLICY) is None
    assert after_answer([], POLICY) is None


def test_a_broken_policy_file_is_named_with_what_is_wrong(tmp_path):
    for text, what in (("thresholds: {}", "argument"), ("request: [", "parsing"), ("x: 1", "thresholds")):
        path = tmp_path / "triggers.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=f"(?s)triggers.yml.*{what}"):
            TriggerPolicy.from_yaml(path)
