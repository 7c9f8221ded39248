/** The texts of the customer's ticket page, Chinese and English side by side; see `shared/texts.js`. */

import { addTexts } from "../shared/texts.js";

addTexts({
  "ticket.title": ["工单进度", "Your ticket"],
  "ticket.number": ["工单 {number}", "Ticket {number}"],
  "ticket.since": ["{at} 提交", "opened {at}"],
  "ticket.state.open": ["处理中", "In progress"],
  "ticket.state.pending": ["等待您补充", "Waiting for you"],
  "ticket.state.done": ["已完成", "Done"],
  "ticket.state.reopened": ["重新处理中", "In progress again"],
  "ticket.no_answer": ["还没有答复，我们会尽快处理。", "No answer yet; we are working on it."],
  "ticket.add": ["补充说明，或者问题还没解决", "Add something, or say that it is not solved"],
  "ticket.send": ["提交", "Send"],
  "ticket.taken": ["已收到您的补充。", "We have received your addition."],
});
