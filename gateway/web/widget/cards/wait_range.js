import { t } from "../../shared/texts.js";

const MINUTE_MS = 60_000;

/** An honest wait: 「约 2–5 分钟」, 「不到 1 分钟」, or 「暂无法估计」 when there is no range. */
export function waitRange(lowMs, highMs) {
  if (lowMs === null || lowMs === undefined || highMs === null || highMs === undefined) return t("wait.unknown");
  const low = Math.floor(lowMs / MINUTE_MS);
  const high = Math.max(1, Math.ceil(highMs / MINUTE_MS));
  if (high <= 1) return t("wait.under_minute");
  if (low >= high) return t("wait.about", { minutes: high });
  return t("wait.range", { low: Math.max(1, low), high });
}

/** A span in words: 45 秒, 3 分 20 秒, 6 分, 1 小时 5 分. */
export function spanWords(spanMs) {
  const seconds = Math.round(spanMs / 1000);
  if (seconds < 60) return t("time.seconds", { seconds });
  if (seconds < 3600 && seconds % 60 === 0) return t("time.whole_minutes", { minutes: seconds / 60 });
  if (seconds < 3600) return t("time.minutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  return t("time.hours", { hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) });
}
