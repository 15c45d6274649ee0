import type { ProgressMessage } from "../../spec/index.ts";
import { humanSize } from "../format/human-size.ts";

const BAR_COLUMNS = 50;
/** Narrower terminals show numbers only. */
const LEAST_WIDTH = 110;

/** `[====>      ]  12.3MB/45.6MB`; empty where nothing is counted. */
export function progressText(detail: ProgressMessage["progressDetail"], width: number): string {
  const { current = 0, total = 0, hidecounts = false } = detail ?? {};
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return humanSize(current).padStart(8);
  const bar = width > LEAST_WIDTH ? `[${barText(current / total)}] ` : "";
  if (hidecounts) return bar;
  const numbers = humanSize(current).padStart(8);
  return current > total ? bar + numbers : `${bar}${numbers}/${humanSize(total)}`;
}

function barText(part: number): string {
  const filled = Math.min(Math.floor(Math.floor(part * 100) / 2), BAR_COLUMNS);
  return `${"=".repeat(filled)}>${" ".repeat(BAR_COLUMNS - filled)}`;
}
