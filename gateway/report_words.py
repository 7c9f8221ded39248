"""What reports call things in Chinese: one word for one thing in the command and in the page's spreadsheets."""

from __future__ import annotations

REASONS = {
    "explicit_request": "要求人工",
    "anger": "情绪激动",
    "repeated_failure": "建议无效",
    "repeated_question": "重复提问",
    "threat": "投诉风险",
    "sensitive": "敏感事项",
    "misses": "连续未命中",
    "bot_unavailable": "机器人故障",
    "downvote": "回答被评没用",
    "supervisor": "主管介入",
    "person_first": "人工优先渠道",
}
VERDICTS = {
    "resolved": "已解决",
    "handed": "转了人工",
    "downvoted": "点了没用",
    "unanswered": "没答上",
    "repeated": "又来问同一件事",
    "pending": "未满 72 小时",
    "chat": "只是闲聊",
}
