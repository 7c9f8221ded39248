/** Phrases an agent sends often. `{客服}`, `{订单号}` and the like are filled from the case where it is known. */

export const PHRASES = [
  ["您好", "您好，我是客服{客服}，您的问题我已经看过记录，不用再重复说明，我马上为您处理。"],
  ["稍等", "请您稍等，我正在查询，两分钟内给您答复。"],
  ["抱歉", "非常抱歉给您带来不便，我理解您的心情，这就为您处理。"],
  ["查单", "我正在为您查询订单 {订单号}，请稍等。"],
  ["要单号", "方便提供一下订单号吗？在「我的订单」里可以直接复制。"],
  ["还有吗", "请问还有其他可以帮您的吗？"],
  ["感谢", "感谢您的理解与支持，祝您生活愉快。"],
];

/** Fill the variables; one that is not known stays as it is, for the agent to see. */
export function fillPhrase(text, known) {
  return text.replace(/\{([^}]+)\}/g, (whole, name) => known[name] ?? whole);
}
