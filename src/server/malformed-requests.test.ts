import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { engineRoutes } from "./index.ts";
import { fakeBackends } from "./testing/fake-backends.ts";
import { startTestServer, type TestServer } from "./testing/test-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A generator with a seed, so that what fails once fails again. */
function randomSource(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The first bytes of the answer; empty when the connection was closed without one. */
function send(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: server.socket, allowHalfOpen: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}`));
    }, 3000);
    const settle = (text: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    socket.once("data", (chunk) => settle(chunk.toString("latin1")));
    socket.once("end", () => settle(""));
    socket.once("error", () => settle(""));
    socket.end(bytes);
  });
}

const JUNK = [
  "",
  "0",
  "-1",
  "99999999999999999999",
  "%00",
  "%",
  "%zz",
  "../../etc/passwd",
  "{",
  "null",
  '{"a":{"b":{"c":[1,2,3]}}}',
  "[[[[[[[[",
  "ü".repeat(50),
  "x".repeat(3000),
  "true&true=true",
  "__proto__",
  "constructor",
  '{"__proto__":["x"]}',
];

test("every route answers junk with a status", async () => {
  const random = randomSource(1);
  const pick = (): string => JUNK[random(JUNK.length)] ?? "";
  const keys = [
    "filters",
    "since",
    "until",
    "tail",
    "limit",
    "t",
    "h",
    "w",
    "signal",
    "name",
    "all",
  ];
  for (const route of engineRoutes(fakeBackends())) {
    if (route.path === "/events") continue;
    for (let round = 0; round < 6; round++) {
      const path = route.path.replace("{name}", encodeURIComponent(pick()));
      const query = keys.map((key) => `${key}=${encodeURIComponent(pick())}`).join("&");
      const body = pick();
      const request = [
        `${route.method} ${random(2) ? "/v1.51" : ""}${path}?${query} HTTP/1.1`,
        "Host: d",
        `Content-Type: ${random(3) ? "application/json" : pick().replace(/[^ -~]/g, "")}`,
        `X-Registry-Auth: ${pick().replace(/[^ -~]/g, "")}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...(random(3) ? [] : ["Connection: Upgrade", "Upgrade: tcp"]),
      ].join("\r\n");
      const answer = await send(Buffer.from(`${request}\r\n\r\n${body}`));
      expect([path, query, body, answer.slice(0, 9)]).toEqual([path, query, body, "HTTP/1.1 "]);
      expect(answer).not.toStartWith("HTTP/1.1 500");
    }
  }
  const errors = server.log.filter((line) => line.startsWith("error"));
  expect(errors.map((line) => line.slice(-200))).toEqual([]);
});

test("broken HTTP is refused or dropped, and the server lives", async () => {
  const random = randomSource(2);
  const valid = Buffer.from(
    'POST /v1.51/containers/create?name=x HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n{"Image":"abc"}',
  );
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(valid);
    for (let change = 0; change <= random(6); change++) {
      bytes[random(bytes.length)] = random(256);
    }
    const answer = await send(bytes.subarray(0, random(10) ? bytes.length : random(bytes.length)));
    expect(answer === "" || /^HTTP\/1\.1 \d{3} /.test(answer)).toBe(true);
  }
  const ping = await fetch("http://localhost/_ping", { unix: server.socket } as RequestInit);
  expect(await ping.text()).toBe("OK");
});

test("a body that is nested without end is refused", async () => {
  for (const body of ["[".repeat(200_000), `${'{"a":'.repeat(100_000)}`]) {
    const answer = await send(
      Buffer.from(
        `POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    expect(answer).toStartWith("HTTP/1.1 400");
  }
});
