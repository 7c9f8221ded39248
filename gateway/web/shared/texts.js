/**
 * The texts that several screens share and those of the customer's page, Chinese and English side by side; the other
 * pages add their own (`addTexts`). `{name}` is replaced by the variable of that name.
 *
 * The language is Chinese, unless the address says `?lang=en` or an earlier visit did.
 */

import { keep, lasting, recall } from "./storage.js";

const ZH = 0;
const EN = 1;

const TEXTS = {
  "time.yesterday": ["昨天", "Yesterday"],
  "time.date": ["{month}月{day}日", "{month}/{day}"],
  "time.seconds": ["{seconds} 秒", "{seconds} s"],
  "time.minutes": ["{minutes} 分 {seconds} 秒", "{minutes} min {seconds} s"],
  "time.whole_minutes": ["{minutes} 分", "{minutes} min"],
  "time.hours": ["{hours} 小时 {minutes} 分", "{hours} h {minutes} min"],

  "page.title": ["在线客服", "Customer service"],
  "page.close": ["收起对话", "Close the chat"],
  "page.more": ["更多", "More"],
  "page.identity": ["登录状态已失效，请刷新网页后再打开对话。", "Your login is no longer good; reload the page and open the chat again."],
  "page.log": ["对话记录", "Conversation"],
  "page.newer": ["↓ 有新消息", "↓ New messages"],
  "page.earlier": ["↑ 更早的消息", "↑ Earlier messages"],
  "page.loading": ["正在打开对话…", "Opening the conversation…"],
  "page.greeting": ["欢迎", "Welcome"],
  "greeting.text": ["您好，我是智能客服，有什么可以帮您？", "Hello, I am the assistant. How can I help?"],
  "greeting.hint": ["也可以直接用自己的话提问。", "Or ask in your own words."],

  "author.you": ["您说：", "You said:"],
  "author.bot": ["智能客服", "Assistant (bot)"],
  "author.bot_mark": ["智", "AI"],
  "author.agent": ["人工客服", "our agent"],
  "author.agent_named": ["人工客服 {name}", "{name} (person)"],
  "served.connecting": ["正在连接…", "Connecting…"],
  "served.bot": ["智能客服为您服务", "You are with the assistant"],
  "served.waiting": ["正在为您联系人工客服", "We are calling a person"],
  "served.agent": ["人工客服 {name} 为您服务", "You are with {name}"],
  "human.ask": ["转人工", "Talk to a person"],
  "human.waiting": ["排队中", "In the queue"],
  "human.here": ["人工服务中", "With a person"],

  "send.sending": ["发送中", "Sending"],
  "send.delivered": ["已送达", "Delivered"],
  "send.failed": ["没有发出去", "Not sent"],
  "send.retry": ["重试", "Try again"],
  "send.drop": ["删除", "Remove"],

  "answer.source": ["来源", "Source"],
  "answer.updated": ["更新于 {date}", "updated {date}"],
  "vote.group": ["这条回答有用吗", "Was this answer useful"],
  "vote.useful": ["有用", "Useful"],
  "vote.useless": ["没用", "Not useful"],
  "vote.thanks_useful": ["已标记为有用，谢谢", "Marked useful, thank you"],
  "wish.make": ["有答案了告诉我", "Tell me once there is an answer"],
  "wish.made": ["好的，有答案了会在这里告诉您。", "You will be told here once there is an answer."],
  "wish.unmake": ["不用了", "Never mind"],
  "wish.told": ["答案已经在下面告诉您了", "The answer is told below"],
  "vote.thanks_useless": ["已标记为没用，我们会改进", "Marked not useful; we will mend it"],
  "choice.group": ["请选择", "Please choose"],
  "choice.none": ["都不是", "None of these"],

  "typing.bot": ["智能客服正在输入…", "The assistant is writing…"],
  "typing.agent": ["{name} 正在输入…", "{name} is writing…"],
  "live.lost": ["连接中断，正在重新连接；您写的内容不会丢。", "Connection lost, reconnecting; nothing you write is lost."],
  "live.unavailable": ["暂时连不上客服，正在重试…", "The service cannot be reached, trying again…"],

  "reply.label": ["输入您的问题", "Your message"],
  "reply.placeholder": ["用自己的话提问…", "Ask in your own words…"],
  "reply.send": ["发送", "Send"],
  "reply.left": ["还可以输入 {left} 字", "{left} characters left"],
  "reply.over": ["超出 {over} 字，请精简", "{over} characters too many"],


  "file.mark": ["＋", "＋"],
  "file.pick": ["添加图片或文件", "Add pictures or files"],
  "file.tray": ["将随下一条消息发出的文件", "Files that go with the next message"],
  "file.pasted": ["粘贴的图片", "pasted picture"],
  "file.picture": ["图片：{name}", "Picture: {name}"],
  "file.uploading": ["正在上传 {name}", "Uploading {name}"],
  "file.retry": ["重新上传 {name}", "Upload {name} again"],
  "file.remove": ["移除 {name}", "Remove {name}"],
  "file.too_many": ["一条消息最多带 {most} 个文件", "At most {most} files in a message"],
  "file.too_big": ["太大了，最大 {size}", "Too big, at most {size}"],
  "file.offline": ["上传中断", "Interrupted"],
  "file.failed": ["没有上传成功", "Not uploaded"],
  "file.then_sent": ["上传完成后自动发送", "Sent as soon as the upload is done"],
  "file.first_mend": ["请先重试或移除没有上传成功的文件", "First retry or remove what was not uploaded"],
  "error.bad_file": ["不支持这种文件：请发图片、PDF、Word、Excel、PPT、文本或 MP4", "Not a kind of file we take: pictures, PDF, Office, text or MP4"],
  "error.file_too_big": ["文件太大了", "The file is too big"],
  "error.too_many_files": ["这个对话里的文件已达上限", "This conversation holds as many files as it may"],
  "error.no_space": ["服务器存储空间满了，文件没有保存；请先用文字说明", "The server's disk is full, the file was not kept; use words for now"],
  "error.file_gone": ["文件已失效，请重新选择后再发", "The file is gone: please choose it again"],

  "error.too_long": ["内容太长，请精简到 2000 字以内", "Too long: at most 2000 characters"],
  "error.rate_limited": ["发送得太快，请稍等一下", "Too fast, please wait a moment"],
  "error.bad_request": ["这条内容无法处理", "This could not be processed"],
  "error.not_allowed": ["现在不能这样做", "This is not possible now"],
  "error.unavailable": ["服务暂时不可用，请稍后重试", "Not available for the moment, try again later"],

  "login.title": ["客服工作台", "Agent console"],
  "login.name": ["账号", "Account"],
  "login.password": ["密码", "Password"],
  "login.enter": ["登录", "Log in"],
  "login.failed": ["账号或密码不对", "Account or password is wrong"],
  "login.offline": ["连不上服务器，请稍后再试", "The server cannot be reached, try again later"],
  "login.ended": ["登录已失效，请重新登录", "Your session has ended, please log in again"],

  "nav.label": ["其他页面", "Other pages"],
  "nav.desk": ["客服工作台", "Console"],
  "nav.reports": ["报表", "Reports"],
  "nav.knowledge": ["知识库", "Knowledge"],
  "nav.admin": ["管理", "Administration"],
  "view.loading": ["正在读取…", "Loading…"],
  "view.failed": ["没有读到：{why}", "Could not be read: {why}"],
  "view.again": ["重试", "Try again"],
  "view.offline": ["连不上服务器，请稍后再试", "The server cannot be reached, try again later"],

  "desk.logout": ["退出", "Log out"],
  "list.late": ["偏久", "long"],
  "list.overdue": ["超时", "overdue"],

  "reason.explicit_request": ["要求人工", "asked for a person"],
  "reason.anger": ["情绪激动", "angry"],
  "reason.repeated_failure": ["建议无效", "suggestions failed"],
  "reason.repeated_question": ["重复提问", "asked again"],
  "reason.threat": ["投诉风险", "threat"],
  "reason.sensitive": ["敏感事项", "sensitive"],
  "reason.misses": ["连续未命中", "misses"],
  "reason.bot_unavailable": ["机器人故障", "bot unavailable"],
  "reason.downvote": ["回答被评没用", "answer voted down"],
  "reason.supervisor": ["主管介入", "supervisor"],
  "reason.person_first": ["人工优先渠道", "person first here"],

  "dialog.cancel": ["取消", "Cancel"],
};

/** The text of `key` with its variables; `fallback` where the catalogue has none (else the key itself). */
export function t(key, variables = {}, fallback = "") {
  const pair = find(key);
  if (!pair) return fallback || key;
  return pair[language()].replace(/\{(\w+)\}/g, (whole, name) => (name in variables ? String(variables[name] ?? "") : whole));
}

/** Say the page's language to the browser and to screen readers. */
export function setPageLanguage() {
  document.documentElement.lang = language() === EN ? "en" : "zh-CN";
}

/** Texts of one page alone, `{key: [Chinese, English]}`: what customers load stays small. */
export function addTexts(more) {
  Object.assign(TEXTS, more);
}

const find = (key) => (Object.hasOwn(TEXTS, key) ? TEXTS[key] : undefined);

let chosen = null;

function language() {
  if (chosen === null) {
    const asked = new URLSearchParams(window.location.search).get("lang");
    if (asked) keep(lasting, "jiehua.lang", asked);
    chosen = (asked ?? recall(lasting, "jiehua.lang", "zh")).startsWith("en") ? EN : ZH;
  }
  return chosen;
}
