import { t } from "./texts.js";

/** A span in words: 45 秒, 3 分 20 秒, 6 分, 1 小时 5 分. */
export function spanWords(spanMs) {
  const seconds = Math.round(spanMs / 1000);
  if (seconds < 60) return t("time.seconds", { seconds });
  if (seconds < 3600 && seconds % 60 === 0) return t("time.whole_minutes", { minutes: seconds / 60 });
  if (seconds < 3600) return t("time.minutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  return t("time.hours", { hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) });
}
