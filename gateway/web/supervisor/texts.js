/** The texts of the supervisor's view, Chinese and English side by side; see `shared/texts.js`. */

import { addTexts } from "../shared/texts.js";

addTexts({
  "sup.waiting": ["排队", "Waiting"],
  "sup.longest": ["最久等待", "Longest wait"],
  "sup.free": ["空闲接待位", "Free slots"],
  "sup.overdue": ["超时", "Overdue"],
  "sup.queue": ["排队的客户（最久在前）", "Waiting customers (longest first)"],
  "sup.chats": ["进行中的会话（等回复最久在前）", "Chats (longest unanswered first)"],
  "sup.no_chats": ["没有进行中的会话。", "No chats."],
  "sup.owed": ["待回复", "To answer"],
  "sup.left": ["留言（最早在前）", "Messages left (oldest first)"],
  "sup.no_left": ["没有待回复的留言。", "No messages to answer."],
  "sup.message": ["留言", "Message"],
  "sup.contact": ["联系方式", "Contact"],
  "sup.since": ["时间", "Since"],
  "sup.agents": ["客服", "Agents"],
  "sup.agent": ["姓名", "Name"],
  "sup.state": ["状态", "State"],
  "sup.load": ["会话 / 上限", "Chats / cap"],
  "sup.groups": ["技能组", "Groups"],
  "sup.heard": ["最近在线", "Last heard"],
  "sup.customer": ["客户", "Customer"],
  "sup.reason": ["原因", "Reason"],
  "sup.problem": ["问题", "Problem"],
  "sup.wait": ["等待", "Wait"],
  "sup.observe": ["查看", "Observe"],
  "sup.act": ["操作", "Actions"],
  "sup.nobody": ["没有客服登录。", "No agents."],
});
