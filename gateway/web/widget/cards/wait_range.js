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
