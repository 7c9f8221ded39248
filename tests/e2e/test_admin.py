"""The administration in a real browser, on the real gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import DESKTOP, AdminPage, AgentConsole, Screen
from tests.e2e.scripted import ScriptedStack
from tests.e2e.test_accessibility import findings

pytestmark = pytest.mark.browser
_numbers = iter(range(1, 1000))
OpenAdmin = Callable[..., AdminPage]


@pytest.fixture
def office() -> Iterator[ScriptedStack]:
    """A gateway of its own for each story: what one sets the next must not find."""
    with ScriptedStack(JIEHUA_EMBED_ORIGINS="https://shop.example") as stack:
        yield stack


@pytest.fixture
def admin(browser: Browser, office: ScriptedStack, screens: list[Screen]) -> OpenAdmin:
    """Log a new administrator in."""

    def log_in(display: str = "老板", *, section: str = "people", viewport: dict[str, int] = DESKTOP) -> AdminPage:
        name = f"admin{next(_numbers)}"
        password = office.agent(name, display=display, role="admin")
        page = AdminPage(browser, office.url, name, password, section=section, viewport=viewport)
        screens.append(page)
        return page

    return log_in


def test_a_person_is_added_with_a_password_shown_once_and_can_work(
    browser: Browser, office: ScriptedStack, admin: OpenAdmin, screens: list[Screen]
) -> None:
    page = admin()
    page.page.get_by_role("button", name="新增人员").click()
    page.dialog.get_by_label("登录名").fill("Bad Name")
    page.dialog.get_by_role("button", name="保存").click()
    expect(page.dialog.get_by_label("登录名")).to_have_attribute("aria-invalid", "true")
    expect(page.dialog).to_contain_text("登录名是 1 到 32 个小写字母")
    page.dialog.get_by_label("登录名").fill("xiaomei")
    page.dialog.get_by_label("名字").fill("小美")
    page.dialog.get_by_label("综合").select_option("4")
    page.dialog.get_by_label("同时接待上限").fill("3")
    page.dialog.get_by_role("button", name="保存").click()
    password = page.page.locator("dialog .secret").inner_text()
    page.dialog.get_by_role("button", name="已记下").click()
    expect(page.page.locator("body")).not_to_contain_text(password)
    expect(page.person("xiaomei")).to_contain_text("综合 4 级")
    expect(page.person("xiaomei").locator(".figure")).to_have_text("3")
    console = AgentConsole(browser, office.url, "xiaomei", password)
    screens.append(console)
    console.ready()
    page.person("xiaomei").get_by_role("button", name="停用").click()
    page.dialog.get_by_role("button", name="停用").click()
    expect(page.person("xiaomei")).to_contain_text("已停用")
    expect(console.page.get_by_label("密码")).to_be_visible()  # their page has closed
    page.person("xiaomei").get_by_role("button", name="恢复").click()
    expect(page.person("xiaomei")).to_contain_text("在职")
    page.section("操作记录")
    for did in ("新增人员", "停用人员", "恢复人员"):
        expect(page.page.get_by_role("row").filter(has_text=did).filter(has_text="xiaomei")).to_be_visible()
    page.told_refusals()


def test_skills_are_changed_and_the_roles_with_them(office: ScriptedStack, admin: OpenAdmin) -> None:
    office.agent("wang", display="小王")
    page = admin(section="groups")
    page.page.get_by_role("button", name="新增技能组").click()
    card = page.page.locator(".row-line > .card").last
    card.get_by_label("编号").fill("refund")
    card.get_by_label("名称").fill("退款")
    page.save(1)
    page.section("人员")
    page.person("wang").get_by_role("button", name="修改").click()
    page.dialog.get_by_label("退款").select_option("5")
    page.dialog.get_by_label("主管").check()
    page.dialog.get_by_role("button", name="保存").click()
    expect(page.person("wang")).to_contain_text("退款 5 级")
    expect(page.person("wang")).to_contain_text("主管")
    page.section("技能组")
    page.page.get_by_role("button", name="删除这个组 退款").click()
    page.page.get_by_role("button", name="保存").click()
    expect(page.trouble).to_contain_text("有 1 处要改")
    expect(page.page.locator(".setting-form")).to_contain_text("人员 wang 的技能组「refund」")
    page.told_refusals()


def test_hours_with_split_shifts_and_holidays_are_kept_and_what_is_wrong_is_told_beside_the_field(
    admin: OpenAdmin,
) -> None:
    page = admin(section="calendar")
    page.page.get_by_label("全天候都有人工").uncheck()
    page.page.get_by_role("button", name="保存").click()
    expect(page.trouble).to_contain_text("有 1 处要改")
    expect(page.page.locator(".setting-form")).to_contain_text("一个班次也没有")
    monday = page.page.get_by_label("周一", exact=True)
    monday.fill("9:00-12:00,11:30-18:00")
    page.page.get_by_role("button", name="保存").click()
    expect(monday).to_have_attribute("aria-invalid", "true")
    expect(monday).to_be_focused()
    expect(page.page.locator(f"#{monday.get_attribute('id')}-fault")).to_have_text("班次之间不能重叠。")
    monday.fill("9:00-12:00,13:30-18:00")
    page.page.get_by_role("button", name="周二到周五同周一").click()
    page.page.get_by_role("button", name="新增放假日").click()
    page.page.get_by_label("日期").fill("2026-12-25")
    page.page.get_by_label("名称").fill("店庆")
    page.save(1)
    page.page.reload()
    expect(page.page.get_by_label("周五", exact=True)).to_have_value("9:00-12:00,13:30-18:00")
    expect(page.page.get_by_label("名称")).to_have_value("店庆")
    page.page.get_by_text("修改历史").click()
    history = page.page.locator(".change-list li").first
    expect(history).to_contain_text("老板")
    expect(history.locator("ins").filter(has_text="店庆")).to_be_visible()
    page.told_refusals()


def test_who_was_overtaken_sees_by_whom_and_what_and_loses_nothing(admin: OpenAdmin) -> None:
    mine, theirs = admin("老板", section="targets"), admin("老陈", section="targets")
    theirs.page.get_by_label("首次答复（秒）").first.fill("30")
    theirs.save(1)
    mine.page.get_by_label("之后每次答复（秒）").first.fill("90")
    mine.page.get_by_role("button", name="保存").click()
    expect(mine.trouble).to_contain_text("老陈 在")
    expect(mine.trouble.locator("li").filter(has_text="standard.first_s")).to_contain_text("60 → 30")
    expect(mine.page.get_by_label("之后每次答复（秒）").first).to_have_value("90")
    mine.trouble.get_by_role("button", name="用我的覆盖").click()
    mine.dialog.get_by_role("button", name="用我的覆盖").click()
    expect(mine.page.locator(".setting-state")).to_contain_text("已保存为第 2 版")
    theirs.page.get_by_label("提前提醒（%）").fill("50")
    theirs.page.get_by_role("button", name="保存").click()
    theirs.trouble.get_by_role("button", name="用对方的").click()
    expect(theirs.page.get_by_label("之后每次答复（秒）").first).to_have_value("90")
    expect(theirs.page.get_by_label("提前提醒（%）")).to_have_value("80")


def test_triggers_and_entry_points_are_set_in_plain_words(admin: OpenAdmin) -> None:
    page = admin(section="triggers")
    misses = page.page.get_by_label("连续几个问题答不上就转", exact=True)
    expect(misses).to_have_attribute("placeholder", "2")
    misses.fill("99")
    page.page.get_by_role("button", name="保存").click()
    expect(misses).to_have_attribute("aria-invalid", "true")
    misses.fill("3")
    page.page.get_by_role("group", name="发火的词").get_by_label("另外算数的词").fill("坑人\n坑爹")
    page.save(1)
    expect(misses).to_have_value("3")
    page.section("接入渠道")
    page.page.get_by_role("button", name="单独设置一个渠道").click()
    card = page.page.locator(".row-line > .card").last
    card.get_by_label("渠道").fill("web")
    card.get_by_label("谁先接待").first.select_option("person_first")
    expect(card).to_contain_text("第一句话就排上队")
    page.save(1)
    expect(page.page.locator(".row-line > .card")).to_have_count(2)
    page.told_refusals()


def test_what_is_not_saved_is_not_left_without_a_word(admin: OpenAdmin) -> None:
    page = admin(section="priorities")
    page.page.get_by_role("group", name="情绪激动").get_by_label("级别（0–9）").fill("4")
    page.page.get_by_role("link", name="营业时间").click()
    expect(page.dialog).to_contain_text("有修改还没保存")
    page.dialog.get_by_role("button", name="取消").click()
    expect(page.page.get_by_role("group", name="情绪激动").get_by_label("级别（0–9）")).to_have_value("4")
    page.page.get_by_role("link", name="营业时间").click()
    page.dialog.get_by_role("button", name="放弃并离开").click()
    expect(page.page.get_by_label("全天候都有人工")).to_be_visible()


def test_canned_replies_and_the_way_to_embed(admin: OpenAdmin, office: ScriptedStack) -> None:
    page = admin(section="canned")
    page.page.get_by_role("button", name="新增快捷回复").click()
    page.dialog.get_by_label("名称").fill("补发")
    page.dialog.get_by_label("内容").fill("好的，")
    page.dialog.get_by_role("button", name="客户称呼").click()
    page.dialog.get_by_role("button", name="保存").click()
    row = page.page.get_by_role("row").filter(has_text="补发")
    expect(row).to_contain_text("好的，{{customer.name}}")
    row.get_by_role("button", name="删除 补发").click()
    page.dialog.get_by_role("button", name="删除", exact=True).click()
    expect(row).to_have_count(0)
    page.section("渠道与嵌入")
    expect(page.page.locator(".snippet").first).to_contain_text(f'<script src="{office.url}/widget.js" defer>')
    expect(page.page.locator(".origins").first).to_have_text("https://shop.example")
    expect(page.page.locator(".secret")).to_have_count(0)
    page.page.get_by_role("button", name="显示密钥").click()
    page.dialog.get_by_role("button", name="显示密钥").click()
    expect(page.page.locator(".secret")).to_have_text(office.site_secret())
    page.page.get_by_role("button", name="收起").click()
    expect(page.page.locator(".secret")).to_have_count(0)
    page.section("操作记录")
    expect(page.page.get_by_role("row").filter(has_text="查看网站密钥")).to_be_visible()


@pytest.mark.parametrize("role", ["agent", "supervisor", "editor"])
def test_others_are_kept_out_and_shown_no_way_in(
    browser: Browser, office: ScriptedStack, screens: list[Screen], role: str
) -> None:
    screen = Screen(browser, viewport=DESKTOP)
    screens.append(screen)
    screen.page.goto(f"{office.url}/admin")
    screen.page.get_by_label("账号").fill("plain")
    screen.page.get_by_label("密码").fill(office.agent("plain", role=role))
    screen.page.get_by_role("button", name="登录").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("没有「管理员」的权限")
    screen.page.goto(f"{office.url}/{'knowledge' if role == 'editor' else 'agent'}")
    expect(screen.page.locator(".bar")).to_be_visible()
    expect(screen.page.get_by_role("link", name="管理")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 1024])
def test_no_section_has_a_serious_finding_or_is_cut_off(admin: OpenAdmin, width: int) -> None:
    page = admin(viewport={"width": width, "height": 800})
    page.page.get_by_role("button", name="新增人员").click()
    assert findings(page) == []
    page.page.keyboard.press("Escape")
    for section in SECTIONS:
        page.section(section)
        assert findings(page) == [], section
        wide = page.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, section


SECTIONS = ("技能组", "服务目标", "优先级", "转人工触发", "接入渠道", "快捷回复", "渠道与嵌入", "操作记录", "营业时间")
