/** Times as people read them. All inputs are integer milliseconds. */

import { t } from "./texts.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const pad = (value) => String(value).padStart(2, "0");

/** 10:05 today, 昨天 10:05, 3月4日 10:05 before. */
export function clock(atMs, nowMs = Date.now()) {
  const at = new Date(atMs);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  const midnight = new Date(nowMs).setHours(0, 0, 0, 0);
  if (atMs >= midnight) return time;
  if (atMs >= midnight - DAY_MS) return `${t("time.yesterday")} ${time}`;
  return `${t("time.date", { month: at.getMonth() + 1, day: at.getDate() })} ${time}`;
}

/** A running wait: 0:07, 12:30, 1:02:05. */
export function stopwatch(spanMs) {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours ? pad(Math.floor((seconds % 3600) / 60)) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

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
