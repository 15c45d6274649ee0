import { readFile } from "node:fs/promises";
import type { Contender } from "./contender.ts";

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs a command with its output discarded; milliseconds. Throws where it fails. */
export async function time(contender: Contender, ...args: string[]): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn([...contender.command, ...args], { stdout: "ignore", stderr: "pipe" });
  const code = await child.exited;
  const elapsed = performance.now() - started;
  if (code !== 0) {
    throw new Error(
      `${contender.name} ${args.join(" ")}: ${await new Response(child.stderr).text()}`,
    );
  }
  return elapsed;
}

/** How often a contender is measured before the next has its turn; the first time of each turn does not count. */
const TURN = 5;

/**
 * Times the same thing on every contender, in short turns, so that whatever else the machine does falls on
 * all alike and each is measured as it is when used repeatedly. Medians in milliseconds, in the order of
 * the contenders.
 */
export async function compare(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<number>,
): Promise<number[]> {
  const samples = contenders.map(() => [] as number[]);
  for (let done = 0; done < rounds; done += TURN) {
    for (const [index, contender] of contenders.entries()) {
      await measure(contender, done === 0 ? -1 : done);
      for (let round = done; round < Math.min(done + TURN, rounds); round++) {
        samples[index]?.push(await measure(contender, round));
      }
    }
  }
  return samples.map(median);
}

/** Proportional set size of processes in MB. */
export async function memory(pids: readonly number[]): Promise<number> {
  let kilobytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}
