/**
 * Every endpoint with parameters and bodies that are wrong in every way, and connections that do not keep to
 * HTTP: right statuses, nothing left that was not asked for, no growth. `BERTH_FUZZ_ROUNDS` makes it longer.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { OPERATIONS } from "../../../src/server/openapi/document.ts";
import { fuzzText, fuzzValue, Random } from "../../harness/fuzz-body.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const ROUNDS = Number(process.env["BERTH_FUZZ_ROUNDS"] ?? 8);
const SEED = Number(process.env["BERTH_FUZZ_SEED"] ?? 1);
const CONNECTIONS = Number(process.env["BERTH_FUZZ_CONNECTIONS"] ?? 2000);
/** They would go out into the world, never end, or take away what is to be struck. */
const LEFT_OUT = [
  "POST /containers/prune",
  "POST /auth",
  "GET /images/search",
  "GET /distribution/{name}/json",
  "POST /images/{name}/push",
  "POST /images/create",
  "GET /events",
];
const NAMES = ["kept", "nope", "busybox", "bridge", "..", "%00", "a%2Fb", "x".repeat(5000), "%ff"];

/** A 500 with Docker, too. */
const AS_DOCKER = /Container [0-9a-f]{64} is not paused|OCI runtime create failed/;

/** Ends what waits: a follow, a wait, an attach. */
const PATIENCE = 1500;

const openFiles = (): number => readdirSync(`/proc/${suite.daemon.pid}/fd`).length;
function residentMegabytes(): number {
  const status = readFileSync(`/proc/${suite.daemon.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

async function names(path: string, pick: (answer: never) => unknown): Promise<unknown> {
  return pick((await (await suite.daemon.api(path)).json()) as never);
}
/** What there is, for comparison. */
async function inventory(): Promise<unknown> {
  return {
    // By their ids: one may have been renamed.
    containers: await names("/containers/json?all=1", (all: { Id: string }[]) =>
      all.map(({ Id }) => Id).sort(),
    ),
    networks: await names("/networks", (all: { Name: string }[]) =>
      all.map(({ Name }) => Name).sort(),
    ),
    volumes: await names("/volumes", ({ Volumes }: { Volumes: { Name: string }[] }) =>
      Volumes.map(({ Name }) => Name).sort(),
    ),
  };
}

beforeAll(async () => {
  const post = (path: string, body: unknown) =>
    suite.daemon.api(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  await post("/containers/create?name=kept", { Image: "busybox", Cmd: ["sleep", "1000"] });
});

/** Takes away what a request has made after all: an unknown field is no reason to refuse one. */
async function undo(operation: string, body: string): Promise<void> {
  if (body === "") return;
  const { Id, Name } = JSON.parse(body) as { Id?: string; Name?: string };
  const path = {
    "POST /containers/create": `/containers/${Id}?force=1&v=1`,
    "POST /networks/create": `/networks/${Id}`,
    "POST /volumes/create": `/volumes/${encodeURIComponent(Name ?? "")}?now=1&force=1`,
    "POST /commit": `/images/${Id}?force=1`,
  }[operation];
  if (path !== undefined) await suite.daemon.api(path, { method: "DELETE" });
}

async function shoot(operation: string, random: Random): Promise<string[]> {
  const [method = "", template = ""] = operation.split(" ");
  const { query = {}, body } = OPERATIONS[operation] ?? {};
  const parameters = Object.keys(query)
    .filter(() => random.below(2) === 0)
    .map((key) => `${key}=${encodeURIComponent(fuzzText(random)).slice(0, 2000)}`);
  const path = `${template.replace("{name}", random.pick(NAMES))}?${parameters.join("&")}`;
  // Nothing that is there on purpose is to go.
  if (method === "DELETE" && /\/(?:kept|busybox)/.test(path)) return [];
  const value = body === undefined || body === "bytes" ? {} : fuzzValue(body.schema, random);
  const types = ["application/json", "application/json", "text/plain", "", "application/json;;"];
  const text = random.below(8) === 0 ? fuzzText(random) : JSON.stringify(value);
  const response = await fetch(`http://d/v1.${24 + random.below(33)}${path}`, {
    method,
    unix: suite.daemon.socket,
    headers: { "Content-Type": random.pick(types) },
    ...(method === "GET" || method === "HEAD" ? {} : { body: text }),
    signal: AbortSignal.timeout(PATIENCE),
  } as RequestInit);
  const answer = await response.text();
  const told = `${operation} ${path.slice(0, 200)} ${text.slice(0, 300)}: ${response.status} ${answer.slice(0, 200)}`;
  if (response.status === 201) await undo(operation, answer);
  if (response.status >= 400) {
    const message = (JSON.parse(answer === "" ? '{"message":"-"}' : answer) as { message?: string })
      .message;
    if (typeof message !== "string" || message === "") return [told];
  }
  return response.status === 500 && !AS_DOCKER.test(answer) ? [told] : [];
}

describe("requests", () => {
  test("of every kind are answered, by a status that is not ours to be ashamed of", async () => {
    const before = await inventory();
    const random = new Random(SEED);
    const found: string[] = [];
    for (const operation of Object.keys(OPERATIONS)) {
      if (LEFT_OUT.includes(operation)) continue;
      for (let round = 0; round < ROUNDS; round++) {
        const complaints = await shoot(operation, random).catch((error: Error) =>
          error.name === "TimeoutError" ? [] : [`${operation}: ${error.message}`],
        );
        found.push(...complaints);
      }
    }
    expect(found).toEqual([]);
    await suite.daemon.api("/volumes/prune?now=1", { method: "POST" });
    expect(await inventory()).toEqual(before);
    const log = await suite.daemon.log();
    const errors = log.split("\n").filter((line) => line.includes("level=error"));
    expect(errors.filter((line) => !AS_DOCKER.test(line))).toEqual([]);
  }, 600_000);
});

/** Sends bytes and hangs up after a moment, or at once. */
function strike(bytes: string, wait: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path: suite.daemon.socket });
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.once("close", () => resolve());
    socket.write(bytes);
    if (wait === 0) socket.destroy();
    else setTimeout(() => socket.destroy(), wait);
  });
}

const JSON_HEAD = "Host: d\r\nContent-Type: application/json\r\n";
const STRIKES = [
  "GET /_ping HTTP/1.1\r\nHost",
  "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\n{",
  `POST /containers/create?name=half HTTP/1.1\r\n${JSON_HEAD}Content-Length: 5000\r\n\r\n{"Image":"busybox"`,
  `POST /volumes/create HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  `POST /networks/create HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`,
  `POST /networks/create HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\n{}`,
  "PUT /containers/kept/archive?path=/tmp HTTP/1.1\r\nHost: d\r\nContent-Length: 100000\r\n\r\njunk",
  "POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 100000\r\n\r\njunk",
  "POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n4\r\njunk\r\n",
  "GET /events HTTP/1.1\r\nHost: d\r\n\r\n",
  "GET /containers/kept/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n",
  "GET /containers/kept/stats HTTP/1.1\r\nHost: d\r\n\r\n",
  "POST /containers/kept/wait HTTP/1.1\r\nHost: d\r\n\r\n",
  "POST /containers/kept/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
  "\u0000\u0001\u0002\r\n\r\n",
  `GET /_ping HTTP/1.1\r\nHost: d\r\nX: ${"y".repeat(200_000)}\r\n\r\n`,
];

describe("connections", () => {
  test("that break off anywhere cost nothing afterwards", async () => {
    const before = await inventory();
    const volley = async (): Promise<void> => {
      await Promise.all(STRIKES.flatMap((bytes) => [strike(bytes, 0), strike(bytes, 60)]));
    };
    await volley();
    await Bun.sleep(200);
    const files = openFiles();
    for (let round = 0; round < 2 * ROUNDS; round++) await volley();
    expect(await (await suite.daemon.api("/_ping")).text()).toBe("OK");
    expect(await inventory()).toEqual(before);
    await eventually(async () => openFiles() <= files + 4);
  }, 600_000);

  test("by the thousand are taken, answered and let go", async () => {
    const files = openFiles();
    const memory = residentMegabytes();
    const request = "GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
    let answered = 0;
    const hold = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const socket = connect({ path: suite.daemon.socket });
        socket.once("error", reject);
        socket.once("data", (chunk) => {
          if (chunk.toString().startsWith("HTTP/1.1 200")) answered++;
          sockets.push(socket);
          resolve();
        });
        socket.write(request);
      });
    const sockets: { destroy(): void }[] = [];
    for (let open = 0; open < CONNECTIONS; open += 100) {
      await Promise.all(Array.from({ length: 100 }, hold));
    }
    expect(answered).toBe(CONNECTIONS);
    expect(await (await suite.daemon.api("/_ping")).text()).toBe("OK");
    for (const socket of sockets) socket.destroy();
    await eventually(async () => openFiles() <= files + 4);
    expect(residentMegabytes() - memory).toBeLessThan(20 + CONNECTIONS / 50);
  }, 600_000);
});

hostStaysClean(suite);
