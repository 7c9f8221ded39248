"""What the system itself says to a customer: few lines, warm, and nothing that might not come true.

`{position}` is the place in the line, `{agent}` the agent's display name; both are put in by the backend, which alone
knows them at that moment. `{opens}` is when the next shift begins, in the calendar's own time zone (where nobody can be
called: a clause that says so, or nothing). `{ticket}` is a
ticket's number, `{answer}` what an agent says to it, and `{owner}` who answers for it, or for the customer, from now
on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """The lines by occasion; a shop may word them anew."""

    waiting: str = "已为您转接人工客服，您排在第 {position} 位。等待时可以继续问我，不影响排队。"
    after_hours: str = (
        "现在是人工客服的休息时间，预计 {opens} 有人在。已为您登记，您排在第 {position} 位；"
        "您也可以留言，或者继续问我。"
    )
    unstaffed: str = "这里暂时没有人工客服{opens}。您可以留言，我们会尽快回复；也可以继续问我。"
    unstaffed_failed: str = (
        "抱歉，我这边出了点问题，没能回答您，现在也没有人工客服{opens}。您可以留言，我们会尽快回复。"
    )
    leave_message: str = "现在等待的人比较多。您可以继续等，位置保留着；也可以留言，我们会尽快回复您。"
    handed_on: str = "为您服务的客服已离开，正在为您安排同事继续，您的位置保留着，目前排在第 {position} 位。"
    unavailable: str = "抱歉，我这边出了点问题，没能回答您。已为您转接人工客服，您排在第 {position} 位。"
    unavailable_waiting: str = "抱歉，这句话我没能处理好。您的排队位置不变，人工客服能看到您说的每一句话。"
    accepted: str = "客服 {agent} 已接入，您之前说的内容都能看到，不用再重复。"
    transferred: str = "正在为您转给更合适的同事，之前的内容会一并转交，您排在第 {position} 位。"
    lost: str = "抱歉，刚才的客服断线了。已为您重新安排，您的位置保留着，目前排在第 {position} 位。"
    resolved: str = "本次人工服务已结束。我还在，有问题随时问我。"
    cancelled: str = "好的，已取消排队。需要时随时告诉我「转人工」。"
    message_left: str = "留言已记下，您不用继续排队了。"
    message_done: str = "您的留言已处理完毕，感谢反馈。"
    ticket_answered: str = "工单 {ticket} 有了新答复：{answer}"
    ticket_handed_on: str = "您的工单 {ticket} 已转给{owner}继续跟进。"
    owner_changed: str = "之前为您服务的客服已离开，以后由{owner}继续为您服务。"
