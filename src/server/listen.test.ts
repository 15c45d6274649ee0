import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { errorKind } from "../spec/index.ts";
import { ApiServer, engineRoutes, parseListenAddress } from "./index.ts";
import { fakeBackends } from "./testing/fake-backends.ts";
import { startTestServer } from "./testing/test-server.ts";

describe("sockets", () => {
  const routes = () => engineRoutes(fakeBackends());
  const create = () => new ApiServer({ routes: routes(), version: "0", log: () => {} });

  test("belong to root and the daemon's group, in a directory that is made", async () => {
    const directory = mkdtempSync("/tmp/server-");
    const path = join(directory, "a/b/api.sock");
    const api = create();
    await api.listen({ kind: "unix", path });
    expect((statSync(path).mode & 0o777).toString(8)).toBe("660");
    await api.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    rmSync(directory, { recursive: true });
  });

  test("that nobody answers on are replaced, others are left alone", async () => {
    const directory = mkdtempSync("/tmp/server-");
    const path = join(directory, "api.sock");
    const listenAndDie = `Bun.listen({ unix: ${JSON.stringify(path)}, socket: { data() {} } }); process.kill(process.pid, "SIGKILL");`;
    const crashed = Bun.spawn([process.execPath, "-e", listenAndDie]);
    await crashed.exited;
    const api = create();
    await api.listen({ kind: "unix", path });
    const second = await create()
      .listen({ kind: "unix", path })
      .catch((error: unknown) => error);
    expect(errorKind(second)).toBe("failed-precondition");
    expect(String(second)).toContain("another process is listening there");
    await api.close();
    writeFileSync(path, "precious");
    const third = await create()
      .listen({ kind: "unix", path })
      .catch((error: unknown) => error);
    expect(String(third)).toContain("not a socket");
    rmSync(directory, { recursive: true });
  });

  test("close() ends open streams and lets a request finish", async () => {
    const own = await startTestServer();
    const events = await fetch("http://localhost/events", { unix: own.socket } as RequestInit);
    await fetch("http://localhost/containers/create?name=c", {
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "application/json" },
      unix: own.socket,
    } as RequestInit);
    const socket = connect({ path: own.socket });
    socket.write(
      "POST /containers/c/attach?stream=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    await new Promise((resolve) => socket.once("data", resolve));
    const closed = new Promise((resolve) => socket.resume().once("close", resolve));
    const started = Date.now();
    await own.server.close(2000);
    expect(Date.now() - started).toBeLessThan(1500);
    expect(await events.text()).toContain('"Action":"die"');
    await closed;
    await own[Symbol.asyncDispose]();
  });

  test("tcp takes a free port, and a taken one is said", async () => {
    const api = create();
    const address = await api.listen(parseListenAddress("tcp://127.0.0.1:0", { tls: false }));
    if (address.kind !== "tcp") throw new Error("not tcp");
    const ping = await fetch(`http://127.0.0.1:${address.port}/_ping`);
    expect(await ping.text()).toBe("OK");
    const taken = await create()
      .listen(address)
      .catch((error: unknown) => error);
    expect(String(taken)).toContain(`Cannot listen on "tcp://127.0.0.1:${address.port}"`);
    await api.close();
  });
});

test("parseListenAddress() refuses what it cannot serve", () => {
  expect(parseListenAddress("/run/x.sock", { tls: false })).toEqual({
    kind: "unix",
    path: "/run/x.sock",
  });
  expect(parseListenAddress("tcp://[::1]", { tls: true })).toEqual({
    kind: "tcp",
    host: "::1",
    port: 2376,
  });
  expect(() => parseListenAddress("fd://", { tls: false })).toThrow("systemd");
  for (const bad of ["", "unix://x", "tcp://h:99999", "tcp://a b", "http://x", "run/x.sock"]) {
    expect(() => parseListenAddress(bad, { tls: false })).toThrow("Cannot listen on");
  }
});
