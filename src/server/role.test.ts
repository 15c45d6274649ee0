import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ApiServer, engineRoutes } from "./index.ts";
import { parseApiSocket, type Role } from "./role.ts";
import { type FakeBackends, fakeBackends } from "./testing/fake-backends.ts";

let directory: string;
let server: ApiServer;
let backends: FakeBackends;

beforeAll(async () => {
  directory = mkdtempSync("/tmp/roles-");
  backends = fakeBackends();
  server = new ApiServer({ routes: engineRoutes(backends), version: "0", log: () => {} });
  for (const role of ["read", "operate", "admin"] as const) {
    await server.listen({ kind: "unix", path: join(directory, role), group: "root" }, { role });
  }
  await ask("admin", "POST", "/containers/create?name=c", '{"Image":"busybox"}');
});
afterAll(async () => {
  await server.close(200);
  rmSync(directory, { recursive: true });
});

async function ask(role: Role, method: string, path: string, body?: string): Promise<number> {
  const response = await fetch(`http://d${path}`, {
    method,
    unix: join(directory, role),
    ...(body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } }),
  } as RequestInit);
  await response.body?.cancel();
  return response.status;
}

describe("a socket's role", () => {
  const rows: [string, string, Record<Role, number>][] = [
    ["GET", "/v1.44/containers/json?all=1", { read: 200, operate: 200, admin: 200 }],
    ["GET", "/containers/c/json", { read: 200, operate: 200, admin: 200 }],
    ["HEAD", "/_ping", { read: 200, operate: 200, admin: 200 }],
    ["GET", "/images/json", { read: 200, operate: 200, admin: 200 }],
    ["POST", "/containers/c/start", { read: 403, operate: 204, admin: 304 }],
    ["GET", "/containers/c/archive?path=/etc", { read: 403, operate: 403, admin: 200 }],
    ["GET", "/containers/c/export", { read: 403, operate: 403, admin: 200 }],
    ["GET", "/images/get?names=x", { read: 403, operate: 403, admin: 200 }],
    ["POST", "/containers/c/exec", { read: 403, operate: 403, admin: 400 }],
    ["POST", "/containers/c/update", { read: 403, operate: 403, admin: 200 }],
    ["POST", "/build", { read: 403, operate: 403, admin: 200 }],
    ["POST", "/volumes/create", { read: 403, operate: 403, admin: 201 }],
    ["POST", "/nosuch", { read: 404, operate: 404, admin: 404 }],
  ];
  for (const [method, path, expected] of rows) {
    test(`${method} ${path}`, async () => {
      for (const [role, status] of Object.entries(expected)) {
        expect([role, await ask(role as Role, method, path)]).toEqual([role, status]);
      }
    });
  }

  test("leaves nothing that changes anything to those who read", async () => {
    const before = backends.calls.length;
    for (const { method, path } of engineRoutes(backends)) {
      if (method === "GET" || method === "HEAD") continue;
      expect([path, await ask("read", method, path.replace(/\{\w+\}/, "c"))]).toEqual([path, 403]);
    }
    expect(backends.calls.length).toBe(before);
  });

  test("holds for connections that ask for an upgrade, too", async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ path: join(directory, "read") });
      socket.once("data", (chunk) => resolve(chunk.toString()));
      socket.write(
        "POST /containers/c/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
      );
    });
    expect(answer).toStartWith("HTTP/1.1 403");
  });
});

test("parseApiSocket() reads path, role and group, and refuses what it does not know", () => {
  expect(parseApiSocket("/run/a.sock,role=read")).toEqual({ path: "/run/a.sock", role: "read" });
  expect(parseApiSocket("unix:///a,group=wheel,role=operate")).toEqual({
    path: "/a",
    role: "operate",
    group: "wheel",
  });
  for (const text of ["", "a,role=read", "/a", "/a,role=root", "/a,role=read,x=y", "/a,group="]) {
    expect(() => parseApiSocket(text)).toThrow('for "--api-socket"');
  }
});

test("a socket belongs to the group that is named", () => {
  expect(statSync(join(directory, "read")).gid).toBe(0);
});
