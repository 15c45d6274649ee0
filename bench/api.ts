/**
 * The API beside dockerd's in one run: `bun bench/api.ts`. 200 connections at a time ask again and again with
 * 200 containers there; then what an idle daemon costs with 100 that run. Prints a Markdown table.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { cpus, release } from "node:os";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { median, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
const CONNECTIONS = 200;
const CONTAINERS = 200;
const RUNNING = 100;
const SECONDS = 2;
const IDLE_SECONDS = 20;

const socketOf = ({ command }: Contender): string => (command[2] ?? "").replace(/^unix:\/\//, "");

/** Where an answer ends in what has come so far; -1: not yet. Heads and lengths are ASCII. */
function endOfAnswer(text: string): number {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1];
  if (length !== undefined) {
    const end = head + 4 + Number(length);
    return text.length >= end ? end : -1;
  }
  const last = text.indexOf("\r\n0\r\n\r\n", head);
  return last < 0 ? -1 : last + 7;
}

/** Asks on one connection, one request after the other, until the time is over. */
function ask(path: string, socketPath: string, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: d\r\n\r\n`;
    const socket: Socket = connect({ path: socketPath });
    let answers = 0;
    let text = "";
    socket.once("error", reject);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const end = endOfAnswer(text);
      if (end < 0) return;
      if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text.slice(0, 200)));
      text = text.slice(end);
      answers++;
      if (performance.now() < until) socket.write(request);
      else {
        socket.destroy();
        resolve(answers);
      }
    });
    socket.write(request);
  });
}

/** Requests per second. */
async function rate(contender: Contender, path: string): Promise<number> {
  const started = performance.now();
  const until = started + SECONDS * 1000;
  const each = Array.from({ length: CONNECTIONS }, () => ask(path, socketOf(contender), until));
  const answers = (await Promise.all(each)).reduce((sum, count) => sum + count, 0);
  return answers / ((performance.now() - started) / 1000);
}

async function fill(contender: Contender): Promise<void> {
  for (let first = 0; first < CONTAINERS; first += 20) {
    const names = Array.from({ length: 20 }, (_, index) => `c${first + index}`);
    await Promise.all(
      names.map((name) => time(contender, "create", "--name", name, "busybox", "sleep", "1000")),
    );
  }
}

/** Seconds of processor time that processes have used (proc_pid_stat(5), fields 14 and 15). */
function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

async function daemonOf(contender: Contender): Promise<number[]> {
  const pids = await contender.pids();
  const isDaemon = (pid: number) =>
    / daemon |^dockerd /.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
  return pids.filter(isDaemon);
}

async function idle(contender: Contender): Promise<{ memory: number; share: number }> {
  for (let index = 0; index < RUNNING; index += 10) {
    const names = Array.from({ length: 10 }, (_, offset) => `c${index + offset}`);
    await time(contender, "start", ...names);
  }
  await Bun.sleep(5000);
  const pids = await daemonOf(contender);
  const before = processorSeconds(pids);
  await Bun.sleep(IDLE_SECONDS * 1000);
  const share = ((processorSeconds(pids) - before) / IDLE_SECONDS) * 100;
  const memory = pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return sum + Number(/^Pss:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  }, 0);
  return { memory, share };
}

const contenders = [await startDockerd(), await startBerth()];
console.log(`${cpus().length} cores, Linux ${release()}\n`);
try {
  await Promise.all(contenders.map(fill));
  console.log(`| ${CONNECTIONS} connections, requests/s | dockerd | berth | ratio |`);
  console.log("|---|---|---|---|");
  const paths = ["/_ping", "/v1.41/containers/json?all=1", "/v1.41/containers/c7/json"];
  for (const path of paths) {
    const rates = contenders.map(() => [] as number[]);
    for (let round = -1; round < ROUNDS; round++) {
      for (const [index, contender] of contenders.entries()) {
        const measured = await rate(contender, path);
        if (round >= 0) rates[index]?.push(measured);
      }
    }
    const [docker = Number.NaN, berth = Number.NaN] = rates.map(median);
    const figures = [docker.toFixed(0), berth.toFixed(0), (berth / docker).toFixed(2)];
    console.log(`| ${path} | ${figures.join(" | ")} |`);
  }
  console.log(`\n| idle with ${RUNNING} containers | daemon's memory, MB | processor |`);
  console.log("|---|---|---|");
  for (const contender of contenders) {
    const { memory, share } = await idle(contender);
    console.log(`| ${contender.name} | ${memory.toFixed(0)} | ${share.toFixed(2)} % |`);
  }
} finally {
  for (const contender of contenders) await contender.stop();
}
process.exit(0);
