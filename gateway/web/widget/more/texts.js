/** The texts behind 「更多」 in the customer's page; see `shared/texts.js`. */

import { addTexts } from "../../shared/texts.js";

addTexts({
  "more.title": ["更多", "More"],
  "more.close": ["关闭", "Close"],
  "more.tickets": ["我的工单", "My tickets"],
  "more.no_tickets": ["没有工单。留言或客服答应跟进的事会出现在这里。", "No tickets. Messages you left and what an agent promised to follow up appear here."],
  "more.kind.message": ["我的留言", "My message"],
  "more.kind.follow_up": ["客服跟进", "Follow-up"],
  "more.kind.call_back": ["客服回访", "Call-back"],
  "more.kind.manual": ["客服处理", "Being worked on"],
  "more.state.open": ["处理中", "In progress"],
  "more.state.pending": ["等待您补充", "Waiting for you"],
  "more.state.done": ["已完成", "Done"],
  "more.state.reopened": ["重新处理中", "In progress again"],
  "more.device": ["换一台设备继续", "Go on with another device"],
  "more.device_hint": ["在这里获取认领码，到另一台设备上输入，就能接着这段对话聊。", "Get a code here and type it on the other device: you go on with this conversation there."],
  "more.code_show": ["获取认领码", "Get a code"],
  "more.code_until": ["{at} 前有效，只能用一次；不要告诉别人，拿到的人能看到这段对话。", "Good until {at}, once; tell nobody: whoever has it reads this conversation."],
  "more.code_field": ["输入另一台设备上的认领码", "The code shown on the other device"],
  "more.code_use": ["继续那段对话", "Go on with it"],
  "more.leave_title": ["在这台设备上结束", "Leave this device"],
  "more.leave_hint": ["这台设备不再显示这段对话，换别人用也看不到。店铺仍保留记录。", "This device no longer shows the conversation, whoever uses it next. The shop keeps its record."],
  "more.leave": ["从这台设备上移除", "Remove it from this device"],
  "more.leave_sure": ["确定移除，开始新的对话", "Yes, remove it and begin anew"],
});
