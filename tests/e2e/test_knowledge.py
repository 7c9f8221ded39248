"""The knowledge workbench in a real browser, on the real gateway with the real scorer beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gateway.faq_drafts import FaqDrafts, source_of
from knowledge_base import files
from tests.e2e.month import PARKING, PARKING_ANSWER, fill_archive
from tests.e2e.pages import CustomerPage, EditorPage, Screen
from tests.e2e.scripted import ScriptedStack
from tests.e2e.test_accessibility import findings

pytestmark = pytest.mark.browser

ENCODER = Path(__file__).resolve().parents[2] / "models" / "encoder"
SHOP = """\
# 售后组维护
- id: refund-arrival-time
  question: 退款多久到账  # 最常问
  variants: [钱什么时候退给我, 退的钱几天能到]
  answer: 退款成功后 **1–3 个工作日** 到账。
  category: 退款
  owner: 小林
  updated: 2026-11-01
- id: return-apply
  question: 怎么申请退货
  variants: [我想退货, 东西不要了怎么退]
  answer: 在订单页点「申请售后」。
  category: 退换
- id: gift-2025
  question: 2025 年双 11 有什么活动
  variants: [双十一怎么优惠, 双11活动]
  answer: 满 300 减 50。
  category: 活动
  effective_until: 2025-11-12
  updated: 2026-11-01
"""
GOLDEN = """\
{"text": "钱什么时候退给我", "gold": ["refund-arrival-time"]}
{"text": "我想退货", "gold": ["return-apply"]}
"""

OpenEditor = Callable[..., EditorPage]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("kb") / "faq"
    base.mkdir()
    (base.parent / "golden.jsonl").write_text(GOLDEN, "utf-8")
    (base / "shop.yml").write_text(SHOP, "utf-8")
    return base


@pytest.fixture(scope="module")
def workplace(folder: Path) -> Iterator[ScriptedStack]:
    """One gateway for all stories: its scorer loads the model once."""
    with ScriptedStack(JIEHUA_FAQ=str(folder), JIEHUA_ENCODER=str(ENCODER)) as stack:
        fill_archive(stack.data)
        yield stack


@pytest.fixture
def faq(folder: Path) -> Path:
    """The shop's file as it was."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "shop.yml").write_text(SHOP, "utf-8")
    return folder


@pytest.fixture
def editor(browser: Browser, workplace: ScriptedStack, screens: list[Screen], faq: Path) -> OpenEditor:
    """Log a new editor in."""

    def log_in(display: str = "小林", role: str = "editor") -> EditorPage:
        name = f"e{next(_numbers)}"
        page = EditorPage(browser, workplace.url, name, workplace.agent(name, display=display, role=role))
        screens.append(page)
        return page

    return log_in


_numbers = iter(range(1, 1000))


def answer_of(faq: Path, entry_id: str) -> str:
    return next(entry.answer for entry in files.load(faq).entries if entry.id == entry_id)


def test_an_entry_is_found_edited_with_a_preview_compared_and_published(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.page.get_by_label("搜索问题").fill("工作日")
    expect(page.rows).to_have_count(1)
    page.open("退款多久到账")
    page.change("answer", "银行卡 **1–3 天**：\n\n- 微信即时\n\n<b>不是标签</b> 见[规则](http://)")
    expect(page.preview.locator("strong")).to_have_text("1–3 天")
    expect(page.preview.locator("li")).to_have_text("微信即时")
    expect(page.preview).to_contain_text("<b>不是标签</b>")
    expect(page.page.locator("#field-answer-faults")).to_contain_text("第 5 行")
    assert "1–3 个工作日" in answer_of(faq, "refund-arrival-time")  # nothing is live before it is published
    page.page.reload()
    expect(page.field("answer")).to_have_value(re.compile("微信即时"))
    page.compare()
    expect(page.dialog.locator("[data-verdict=broken] dd")).to_have_text("0")
    expect(page.dialog).to_contain_text("2 个标准问题")
    expect(page.dialog.get_by_role("row").filter(has_text="答案的文字变了").first).to_be_visible()
    page.dialog.get_by_role("button", name="发布", exact=True).click()
    expect(page.saved).to_have_text("和已发布的一样")
    text = (faq / "shop.yml").read_text("utf-8")
    assert "微信即时" in text
    assert "# 售后组维护" in text
    assert "# 最常问" in text
    page.page.get_by_role("button", name="历史").click()
    latest = page.page.locator(".version").first
    expect(latest).to_contain_text("小林 发布")
    expect(latest.locator("ins")).to_contain_text(["微信即时"])


def test_errors_stand_at_their_fields_and_keep_the_draft_from_going_out(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.open("怎么申请退货")
    page.change("answer", "[点我](javascript:alert(1))")
    expect(page.page.locator("#field-answer-faults")).to_contain_text("第 1 行：答案里有脚本或危险链接")
    expect(page.field("answer")).to_have_attribute("aria-invalid", "true")
    expect(page.preview.locator("a")).to_have_count(0)
    page.page.locator(".editor-actions").get_by_role("button", name="发布…").click()
    expect(page.page.locator(".toast")).to_have_text("草稿还有错误，改好再发布。")
    expect(page.field("answer")).to_be_focused()
    page.page.get_by_role("button", name="放弃草稿").click()
    page.dialog.get_by_role("button", name="放弃草稿").click()
    expect(page.field("answer")).to_have_value("在订单页点「申请售后」。")


def test_retiring_what_a_golden_question_needs_takes_a_reason(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.open("退款多久到账")
    page.page.get_by_role("button", name="下线…").click()
    expect(page.dialog.locator("[data-verdict=broken] dd")).to_have_text("1", timeout=90_000)
    go = page.dialog.get_by_role("button", name="发布", exact=True)
    expect(go).to_be_disabled()
    page.dialog.get_by_label("放行理由").fill("改由人工答复")
    go.click()
    expect(page.saved).to_have_text("和已发布的一样")
    expect(page.rows.filter(has_text="退款多久到账")).to_contain_text("已下线")
    page.tab("历史")
    expect(page.page.locator(".version").first).to_contain_text("退款多久到账")
    page.page.locator(".version summary").first.click()
    expect(page.page.locator(".version-reason").first).to_have_text("放行理由：改由人工答复")


def test_a_change_by_hand_is_seen_and_a_draft_made_before_it_chooses_field_by_field(
    editor: OpenEditor, faq: Path
) -> None:
    page = editor()
    page.open("怎么申请退货")
    by_hand = SHOP.replace("在订单页点「申请售后」。", "手改的答案。")
    (faq / "shop.yml").write_text(by_hand, "utf-8")
    expect(page.field("answer")).to_have_value("手改的答案。")
    page.change("answer", "我写的答案。")
    (faq / "shop.yml").write_text(by_hand.replace("手改的答案。", "又改了。").replace("[我想退货, ", "["), "utf-8")
    expect(page.banner).to_contain_text("这一条刚被别人改过")
    row = page.banner.get_by_role("row").filter(has_text="相似问法")
    row.get_by_role("radio").first.check()
    page.banner.get_by_role("button", name="按所选继续").click()
    expect(page.banner).to_be_hidden()
    expect(page.field("variants")).to_have_value("东西不要了怎么退")
    expect(page.field("answer")).to_have_value("我写的答案。")
    expect(page.saved).to_contain_text("草稿已保存")
    page.publish()
    expect(page.saved).to_have_text("和已发布的一样")
    assert answer_of(faq, "return-apply") == "我写的答案。"


def test_two_editors_of_one_draft_lose_nothing(editor: OpenEditor, faq: Path) -> None:
    first, second = editor("小林"), editor("小周")
    for page in (first, second):
        page.open("怎么申请退货")
    first.change("answer", "小林写的。")
    second.field("answer").fill("小周写的。")
    expect(second.banner).to_contain_text("别人刚存过这份草稿")
    second.banner.get_by_role("radio").nth(1).check()
    second.banner.get_by_role("button", name="按所选继续").click()
    expect(second.saved).to_contain_text("草稿已保存")
    expect(second.field("answer")).to_have_value("小周写的。")
    second.page.get_by_role("button", name="放弃草稿").click()
    second.dialog.get_by_role("button", name="放弃草稿").click()
    expect(second.saved).to_have_text("和已发布的一样")


def test_the_hit_test_shows_the_probability_against_the_thresholds_and_tries_a_draft(
    editor: OpenEditor, faq: Path
) -> None:
    page = editor()
    page.tab("命中测试")
    field = page.page.get_by_label("客户会怎么问？")
    field.fill("钱什么时候退给我")
    field.press("Enter")
    best = page.page.locator(".hit").first
    expect(best).to_contain_text("退款多久到账", timeout=90_000)
    expect(best.locator(".plot-line")).to_have_count(2)
    expect(best).to_contain_text("命中的问法：钱什么时候退给我")
    expect(page.page.locator(".verdict-panel h2")).to_have_text("直接回答")
    page.tab("条目")
    page.page.get_by_role("button", name="新建条目").click()
    page.field("question").fill("能寄到国外吗")
    page.change("answer", "暂时只寄国内。")
    page.page.get_by_role("button", name="用草稿试问").click()
    expect(page.page.locator(".hits-draft")).to_be_visible()
    page.page.get_by_label("客户会怎么问？").fill("能寄到国外吗")
    page.page.get_by_label("客户会怎么问？").press("Enter")
    expect(page.page.locator(".hits-answer")).to_have_text("暂时只寄国内。")
    page.page.get_by_role("button", name="只看已发布的").click()
    expect(page.page.locator(".hits-answer")).to_have_count(0)
    page.tab("待发布")
    page.page.get_by_role("link", name="能寄到国外吗").click()
    page.publish()
    expect(page.title).to_have_text("能寄到国外吗")
    assert {entry.question for entry in files.load(faq).entries} >= {"能寄到国外吗"}


def test_reminders_lead_to_what_is_due_and_looking_again_settles_it(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.page.get_by_role("button", name="已失效 1").click()
    expect(page.rows).to_have_count(1)
    page.page.get_by_role("button", name="已失效 1").click()
    page.page.get_by_role("button", name="该核对了 1").click()
    expect(page.rows).to_have_count(1)
    page.open("怎么申请退货")
    page.page.get_by_role("button", name="已核对，内容没变").click()
    expect(page.page.get_by_role("button", name="该核对了 1")).to_have_count(0)


def test_a_gap_becomes_a_draft_is_followed_once_published_and_those_who_wished_are_told(
    editor: OpenEditor, faq: Path, browser: Browser, workplace: ScriptedStack, screens: list[Screen]
) -> None:
    customer = CustomerPage(browser, workplace.url)
    screens.append(customer)
    customer.ask(PARKING[0]).get_by_role("button", name="有答案了告诉我").click()
    expect(customer.from_bot.last.locator(".voted")).to_be_visible()
    page = editor()
    page.tab("缺口")
    gap = page.page.locator("tr", has_text="停车").first
    expect(gap).to_contain_text("答不上", timeout=90_000)
    expect(page.page.locator("body")).not_to_contain_text("13812345678")
    gap.get_by_role("button", name="生成草稿").click()
    expect(page.field("answer")).to_have_value(PARKING_ANSWER)
    assert page.title.inner_text() in PARKING
    page.publish()
    expect(page.saved).to_have_text("和已发布的一样")
    page.tab("缺口")
    trend = page.page.locator(".trends li").first
    expect(trend).to_contain_text("发布后还没有人问", timeout=90_000)
    expect(trend.locator("svg")).to_be_visible()
    expect(page.page.locator(".gap-words", has_text="停车")).to_have_count(0)
    expect(trend).to_contain_text("1 位客户在等答案")
    trend.get_by_role("button", name="告诉他们").click()
    told = customer.page.locator(".by-bot", has_text="现在有答案了")
    expect(told).to_contain_text("地下车库")
    expect(told.get_by_role("button", name="有用", exact=True)).to_be_visible()
    expect(customer.from_bot.first.locator(".voted")).to_contain_text("答案已经在下面告诉您了")
    page.page.reload()
    expect(trend).to_contain_text("已告诉 1 位", timeout=90_000)
    expect(trend.get_by_role("button", name="告诉他们")).to_have_count(0)


def test_golden_questions_are_kept_on_their_page_and_from_the_hit_test(editor: OpenEditor, faq: Path) -> None:
    golden = faq.parent / "golden.jsonl"
    golden.write_text('{"text": "坏的"\n' + GOLDEN, "utf-8")
    page = editor()
    page.tab("命中测试")
    page.page.get_by_label("客户会怎么问？").fill("退的钱啥时候到")
    page.page.get_by_role("button", name="测试", exact=True).click()
    hit = page.page.locator(".hit[data-entry=refund-arrival-time]")
    hit.get_by_role("button", name="记为标准问题").click(timeout=90_000)
    expect(page.dialog.get_by_label("该由哪条回答")).to_have_value("refund-arrival-time")
    page.dialog.get_by_role("button", name="保存").click()
    expect(page.dialog).to_have_count(0)
    assert '{"text": "退的钱啥时候到", "gold": ["refund-arrival-time"]}' in golden.read_text("utf-8")
    page.tab("标准问题")
    expect(page.page.get_by_text("golden.jsonl 第 1 行第 14 列")).to_be_visible()
    rows = page.page.locator(".page:not([hidden]) tbody tr")
    expect(rows).to_have_count(3)
    rows.filter(has_text="我想退货").get_by_role("button", name="修改").click()
    page.dialog.get_by_label("该由哪条回答").fill("nobody")
    page.dialog.get_by_role("button", name="保存").click()
    expect(page.dialog.get_by_role("alert")).to_contain_text("没有条目 nobody")
    page.complaints.clear()  # of the browser, about the save that was refused
    page.dialog.get_by_label("该由哪条回答").fill("return-apply gift-2025")
    page.dialog.get_by_role("button", name="保存").click()
    expect(rows.filter(has_text="我想退货")).to_contain_text("双 11")
    rows.filter(has_text="退的钱啥时候到").get_by_role("button", name="删除").click()
    page.dialog.get_by_role("button", name="删除").click()
    expect(rows).to_have_count(2)
    assert "退的钱啥时候到" not in golden.read_text("utf-8")
    golden.write_text(GOLDEN, "utf-8")


def test_what_an_agent_made_of_an_answer_is_taken_up_and_published(editor: OpenEditor, faq: Path) -> None:
    made = FaqDrafts(faq).add(
        question="门店可以自提吗",
        answer="可以，凭取件码。",
        owner="小王",
        source=source_of("web:7", 4),
        today=date.today(),
    )
    page = editor()
    page.tab("待发布")
    row = page.page.locator("tr", has_text="门店可以自提吗")
    expect(row).to_contain_text("小王")
    expect(row).to_contain_text("会话 web:7 第 4 条")
    row.get_by_role("button", name="写成待发布").click()
    expect(page.field("answer")).to_have_value("可以，凭取件码。")
    page.publish()
    expect(page.page.locator(".serving")).to_be_visible()
    assert next(entry for entry in files.load(faq).entries if entry.id == made.id).status.value == "published"


def test_the_business_sees_topics_products_and_takes_them_along(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.tab("洞察")
    expect(page.page.locator("[data-tile=questions] dd")).to_have_text(re.compile(r"^\d{2,3}$"))
    expect(page.page.get_by_role("row").filter(has_text="空气炸锅")).to_be_visible()
    expect(page.page.locator(".ranking li").first).to_contain_text("%")
    with page.page.expect_download() as taken:
        page.page.get_by_role("link", name="导出 CSV").click()
    lines = Path(taken.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("kind,name,questions,negative,unanswered,20")
    assert any(line.startswith("product,空气炸锅,") for line in lines)


def test_a_broken_file_is_told_by_line(editor: OpenEditor, faq: Path) -> None:
    (faq / "bad.yml").write_text("- id: broken\n  question: 没有答案\n", "utf-8")
    page = editor()
    expect(page.page.locator(".file-problems")).to_contain_text("bad.yml 第 1 行")


def test_an_agent_without_the_role_is_told_so(
    browser: Browser, workplace: ScriptedStack, screens: list[Screen]
) -> None:
    screen = Screen(browser, viewport={"width": 1280, "height": 800})
    screens.append(screen)
    screen.page.goto(f"{workplace.url}/knowledge")
    screen.page.get_by_label("账号").fill("plain")
    screen.page.get_by_label("密码").fill(workplace.agent("plain", display="小王"))
    screen.page.get_by_role("button", name="登录").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("没有「知识编辑」的权限")


def test_no_page_of_the_workbench_has_a_serious_finding(editor: OpenEditor, faq: Path) -> None:
    page = editor()
    page.open("退款多久到账")
    page.change("answer", "我们保证到账。")
    expect(page.page.locator("#field-answer-faults")).to_contain_text("承诺")
    assert findings(page) == []
    page.compare()
    assert findings(page) == []
    page.page.keyboard.press("Escape")
    expect(page.page.locator(".editor-actions").get_by_role("button", name="发布…")).to_be_focused()
    page.tab("命中测试")
    page.page.get_by_label("客户会怎么问？").fill("退款")
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".hit").first).to_be_visible()
    assert findings(page) == []
    for tab, shown in (("待发布", "tbody tr"), ("缺口", ".gap-words"), ("洞察", ".tile"), ("历史", ".version")):
        page.tab(tab)
        expect(page.page.locator(shown).locator("visible=true").first).to_be_visible(timeout=60_000)
        assert findings(page) == []
    page.tab("条目")
    page.page.get_by_role("button", name="放弃草稿").click()
    page.dialog.get_by_role("button", name="放弃草稿").click()
