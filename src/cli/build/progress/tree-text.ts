import { humanSize } from "../../format/human-size.ts";
import { type BuildProgress, durationText, type VertexState } from "./build-progress.ts";

export interface TreeOptions {
  readonly rows: number;
  readonly columns: number;
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly startedAt: number;
  /** Advances with every drawing. */
  readonly tick: number;
}

/** Lines of output that a running step shows. */
const TAIL = 5;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const STAGE = /^\[(.+?) +(\d+)\/(\d+)\] ([\s\S]*)$/;
const COLORS = { dim: 2, red: 31, green: 32, yellow: 33, blue: 34 } as const;

interface Row {
  readonly text: string;
  /** Shown at the right end. */
  readonly time: string;
  readonly color?: keyof typeof COLORS;
  /** Left out first when there is no room. */
  readonly rank: number;
}

/** The build as a tree of stages with their steps; never more rows and columns than there are. */
export function treeText(progress: BuildProgress, options: TreeOptions): string[] {
  const { now, startedAt, rows } = options;
  const steps = [...progress.vertices.values()];
  const ended = steps.filter(({ status }) => status !== "waiting" && status !== "running").length;
  const title: Row = {
    text: `[+] Building ${durationText(startedAt, now)} (${ended}/${steps.length})`,
    time: "",
    color: "blue",
    rank: 9,
  };
  const body = groups(steps).flatMap(([stage, members]) => groupRows(stage, members, options));
  return [title, ...fitRows(body, rows - 2)].map((row) => rowText(row, options));
}

function groups(steps: readonly VertexState[]): [stage: string, members: VertexState[]][] {
  const found = new Map<string, VertexState[]>();
  for (const step of steps) {
    const stage = STAGE.exec(step.vertex.name)?.[1] ?? "";
    found.set(stage, [...(found.get(stage) ?? []), step]);
  }
  return [...found];
}

function groupRows(stage: string, members: readonly VertexState[], options: TreeOptions): Row[] {
  const begun = members.filter(({ status }) => status !== "waiting");
  if (stage === "") return begun.flatMap((step) => stepRows(step, " ", step.vertex.name, options));
  const ended = members.filter(({ endedAt }) => endedAt !== undefined);
  const isEnded = ended.length === members.length;
  const starts = members.flatMap(({ startedAt }) => startedAt ?? []);
  const ends = members.flatMap(({ endedAt }) => endedAt ?? []);
  const cached = members.filter(({ status }) => status === "cached").length;
  const hasFailed = members.some(({ status }) => status === "failed");
  const mark = hasFailed ? "✘" : isEnded ? "✔" : begun.length === 0 ? "·" : "●";
  const head: Row = {
    text: ` ${mark} ${stage} ${ended.length}/${members.length}${cached > 0 ? ` (${cached} cached)` : ""}`,
    time:
      starts.length === 0
        ? ""
        : durationText(Math.min(...starts), isEnded ? Math.max(...ends) : options.now),
    rank: 8,
    ...(hasFailed ? { color: "red" as const } : isEnded ? { color: "green" as const } : {}),
  };
  const rows = begun.flatMap((step) =>
    stepRows(step, "   ", STAGE.exec(step.vertex.name)?.[4] ?? "", options),
  );
  return [head, ...rows];
}

function stepRows(step: VertexState, indent: string, name: string, options: TreeOptions): Row[] {
  const { status, startedAt, endedAt } = step;
  const mark = {
    waiting: "·",
    running: SPINNER.charAt(options.tick % SPINNER.length),
    cached: "✔",
    done: "✔",
    failed: "✘",
    cancelled: "-",
  }[status];
  const row: Row = {
    text: `${indent}${mark} ${plainText(name)}`,
    time: status === "cached" ? "cached" : durationText(startedAt, endedAt ?? options.now),
    rank: status === "running" || status === "failed" ? 7 : status === "cached" ? 1 : 2,
    ...(status === "failed" ? { color: "red" as const } : {}),
    ...(status === "cached" || step.vertex.internal === true ? { color: "dim" as const } : {}),
  };
  const why: Row[] =
    step.miss === undefined
      ? []
      : [
          {
            text: `${indent}  not cached: ${plainText(step.miss)}`,
            time: "",
            color: "yellow",
            rank: 3,
          },
        ];
  if (status !== "running") return [row, ...why];
  const items = [...step.items].slice(-TAIL).map(
    ([item, each]): Row => ({
      text: `${indent}  ${plainText(item)} ${each.status} ${sizeText(each)}`,
      time: "",
      color: "dim",
      rank: 4,
    }),
  );
  const output = [...step.lines, ...(step.partial === "" ? [] : [step.partial])].slice(-TAIL);
  const tail = output.map(
    (line): Row => ({ text: `${indent}  │ ${plainText(line)}`, time: "", color: "dim", rank: 5 }),
  );
  return [row, ...why, ...items, ...tail];
}

function sizeText({ current, total }: { current?: number; total?: number }): string {
  if (current === undefined) return "";
  return total === undefined ? humanSize(current) : `${humanSize(current)}/${humanSize(total)}`;
}

/** Drops what matters least, the oldest first. */
function fitRows(rows: readonly Row[], room: number): readonly Row[] {
  if (rows.length <= room) return rows;
  const byRank = [...rows.keys()].sort(
    (left, right) => (rows[left]?.rank ?? 0) - (rows[right]?.rank ?? 0) || left - right,
  );
  const dropped = new Set(byRank.slice(0, rows.length - Math.max(1, room)));
  return rows.filter((_, index) => !dropped.has(index));
}

/** One line without what moves a cursor; a line that was written over shows its last state. */
export function plainText(text: string): string {
  return (text.split("\n", 1)[0] ?? "")
    .replace(/\r+$/, "")
    .replace(/^.*\r/, "")
    .replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g, "")
    .replace(/\t/g, "  ")
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "");
}

function rowText({ text, time, color }: Row, { columns, color: colored }: TreeOptions): string {
  const room = Math.max(10, columns - 1 - (time === "" ? 0 : time.length + 1));
  const shown = fitText(text, room);
  const gap = time === "" ? "" : " ".repeat(Math.max(1, room + 1 - Bun.stringWidth(shown)));
  const line = `${shown}${gap}${time}`;
  return colored && color !== undefined ? `\u001b[${COLORS[color]}m${line}\u001b[0m` : line;
}

/** As much as has room, by the columns that characters take. */
function fitText(text: string, room: number): string {
  if (Bun.stringWidth(text) <= room) return text;
  let width = 0;
  let shown = "";
  for (const character of text) {
    width += Bun.stringWidth(character);
    if (width > room - 1) break;
    shown += character;
  }
  return `${shown}…`;
}
