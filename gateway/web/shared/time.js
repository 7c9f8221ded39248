/** Times as people read them. All inputs are integer milliseconds. */

import { t } from "./texts.js";

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
