import { describe, expect, test } from "bun:test";
import { formatCpuTime, parseProcessStat, processTable } from "./process-table.ts";
import { parsePs } from "./top.ts";

test("parseProcessStat() is not fooled by a name with brackets", () => {
  const rest = "S 7 1 1 34816 1 0 0 0 0 0 250 50 0 0 20 0 1 0 12345 0 0";
  expect(parseProcessStat(`42 (a) b (c) ${rest}`)).toEqual({
    pid: 42,
    name: "a) b (c",
    ppid: 7,
    tty: 34816,
    cpu: 3,
    started: 123.45,
  });
});

test("formatCpuTime() counts days", () => {
  expect([0, 61.9, 3600, 90061].map(formatCpuTime)).toEqual([
    "00:00:00",
    "00:01:01",
    "01:00:00",
    "1-01:01:01",
  ]);
});

describe("processTable()", () => {
  test("says what ps -ef says", () => {
    const ps = Bun.spawnSync(["ps", "-ef"], { env: { LC_ALL: "C", COLUMNS: "100000" } });
    if (!ps.success) return;
    const [theirs = []] = parsePs(ps.stdout.toString(), new Set([process.pid])).Processes;
    const { Titles, Processes } = processTable([process.pid]);
    const [ours = []] = Processes;
    const column = (row: string[], title: string) => row[Titles.indexOf(title)];
    for (const title of ["UID", "PID", "PPID", "STIME", "CMD"]) {
      expect(column(ours, title)).toBe(column(theirs, title) ?? "");
    }
  });

  test("leaves out what has ended", () => {
    expect(processTable([4_194_305]).Processes).toEqual([]);
  });
});
