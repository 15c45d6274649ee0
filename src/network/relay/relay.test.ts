import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PortHolder } from "./port-holder.ts";
import type { EndpointHolds, HoldRequest } from "./protocol.ts";
import { HoldRefused, RelayClient } from "./relay-client.ts";
import { listenTcp } from "./tcp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";

const request = (first: number, last = first, more: Partial<HoldRequest> = {}): HoldRequest => ({
  protocol: "tcp",
  hostIps: ["127.0.0.1"],
  first,
  last,
  target: { ipv4: "127.0.0.1", port: 9 },
  ...more,
});

/** A server that answers with the number of bytes and their hash once the client has ended. */
async function countingServer(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = new Bun.CryptoHasher("sha256");
    let length = 0;
    socket.on("data", (bytes: Buffer) => {
      hash.update(bytes);
      length += bytes.length;
    });
    socket.on("end", () => socket.end(`${length} ${hash.digest("hex")}`));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
async function greetingServer(text: string): Promise<Server> {
  const server = createServer((socket) => socket.end(text));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
async function textOf(socket: ReturnType<typeof connect>): Promise<string> {
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Sends `total` bytes, half-closes, and tells whether the answer is right. */
async function upload(port: number, total: number): Promise<boolean> {
  const hash = new Bun.CryptoHasher("sha256");
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  const ended = new Promise<void>((resolve, reject) => {
    socket.on("end", resolve);
    socket.on("error", reject);
  });
  const block = crypto.getRandomValues(new Uint8Array(65536));
  for (let left = total; left > 0; ) {
    const chunk = block.subarray(0, Math.min(left, block.length));
    hash.update(chunk);
    left -= chunk.length;
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.end();
  await ended;
  return answer === `${total} ${hash.digest("hex")}`;
}

describe("listenTcp()", () => {
  test("relays every byte and half-close, many at once", async () => {
    const server = await countingServer();
    const listener = listenTcp("127.0.0.1", 0, { hostname: "127.0.0.1", port: portOf(server) });
    const sizes = [0, 1, 70_000, 20_000_000, ...Array.from({ length: 20 }, (_, i) => i * 9973)];
    const results = await Promise.all(sizes.map((size) => upload(listener.port, size)));
    expect(results.every(Boolean)).toBe(true);
    listener.stop(true);
    server.close();
  });

  test("reads no more than a slow client takes", async () => {
    let sent = 0;
    const server = createServer((socket) => {
      const block = new Uint8Array(1 << 18);
      const pump = () => {
        do sent += block.length;
        while (socket.write(block) && sent < 1 << 28);
      };
      socket.on("drain", pump);
      socket.on("error", () => {});
      pump();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const listener = listenTcp("127.0.0.1", 0, { hostname: "127.0.0.1", port: portOf(server) });
    const client = connect(listener.port, "127.0.0.1");
    await new Promise<void>((resolve) => client.once("data", () => resolve()));
    client.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await Bun.sleep(100);
    }
    expect(sent).toBeLessThan(1 << 26);
    client.destroy();
    listener.stop(true);
    server.close();
  });

  test("ends the client's connection when nobody answers", async () => {
    const listener = listenTcp("127.0.0.1", 0, { hostname: "127.0.0.1", port: 1 });
    const client = connect(listener.port, "127.0.0.1");
    client.on("error", () => {});
    await new Promise<void>((resolve) => client.on("close", () => resolve()));
    listener.stop(true);
  });
});

describe("UdpRelay", () => {
  test("gives each client its own answers, within the bound, and forgets idle ones", async () => {
    const echo = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: {
        data(socket, bytes, port, address) {
          socket.send(`echo ${bytes.toString()}`, port, address);
        },
      },
    });
    const target = { hostname: "127.0.0.1", port: echo.port };
    const relay = await UdpRelay.listen("127.0.0.1", 0, target, { idleMs: 60, maxSessions: 3 });
    const ask = async (text: string): Promise<string> => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const client = await Bun.udpSocket({
        hostname: "127.0.0.1",
        socket: { data: (_, bytes) => resolve(bytes.toString()) },
      });
      client.send(text, relay.port, "127.0.0.1");
      const answer = await promise;
      client.close();
      return answer;
    };
    for (const text of ["a", "b", "c", "d", "e"]) expect(await ask(text)).toBe(`echo ${text}`);
    expect(relay.sessions).toBe(3);
    while (relay.sessions > 0) await Bun.sleep(10);
    expect(await ask("again")).toBe("echo again");
    relay.close();
    echo.close();
  });
});

describe("PortHolder", () => {
  const holder = new PortHolder();
  afterEach(() => {
    for (const endpoint of ["a", "b", "c"]) holder.release(endpoint);
    expect(holder.empty).toBe(true);
  });
  const failure = async (promise: Promise<unknown>) =>
    await promise.then(
      () => undefined,
      (error: { failure: unknown }) => error.failure,
    );

  test("tells its own ports from those of others", async () => {
    const [port = 0] = await holder.hold("a", [request(0)]);
    expect(await failure(holder.hold("b", [request(port)]))).toEqual({
      request: 0,
      hostIp: "127.0.0.1",
      port,
      reason: "allocated",
    });
    const any = request(port, port, { hostIps: ["0.0.0.0"] });
    expect(await failure(holder.hold("b", [any]))).toMatchObject({ reason: "allocated" });
    const server = await countingServer();
    expect(await failure(holder.hold("b", [request(0), request(portOf(server))]))).toEqual({
      request: 1,
      hostIp: "127.0.0.1",
      port: portOf(server),
      reason: "EADDRINUSE",
    });
    server.close();
    const missing = request(0, 0, { hostIps: ["192.0.2.77"] });
    expect(await failure(holder.hold("b", [missing]))).toMatchObject({ reason: "EADDRNOTAVAIL" });
  });

  test("ports pass over to another endpoint without being let go; a failure leaves both alone", async () => {
    const [kept = 0, other = 0] = await holder.hold("a", [request(0), request(0)]);
    const taken = await countingServer();
    const refused = holder.hold("b", [request(kept), request(portOf(taken))], "a");
    expect(await failure(refused)).toMatchObject({ request: 1, reason: "EADDRINUSE" });
    expect(await failure(holder.hold("b", [request(kept)]))).toMatchObject({ reason: "allocated" });
    expect(await holder.hold("b", [request(kept)], "a")).toEqual([kept]);
    expect(await failure(holder.hold("c", [request(kept)]))).toMatchObject({ reason: "allocated" });
    expect(await holder.hold("c", [request(other)])).toEqual([other]);
    taken.close();
  });

  test("UDP and TCP ports are different things, IPv4 and IPv6 get the same number", async () => {
    const [tcp = 0] = await holder.hold("a", [request(0, 0, { hostIps: ["127.0.0.1", "::1"] })]);
    expect(
      await holder.hold("b", [
        request(tcp, tcp, { protocol: "udp", hostIps: ["127.0.0.1", "::1"] }),
      ]),
    ).toEqual([tcp]);
    const second = request(tcp, tcp, { hostIps: ["::1"] });
    expect(await failure(holder.hold("c", [second]))).toMatchObject({
      reason: "allocated",
      hostIp: "::1",
    });
  });

  test("a range gives its first free port until there is none", async () => {
    let range = request(0);
    // The neighbour of a free port may be in use by somebody else: another pair then.
    for (let attempt = 1; attempt <= 50; attempt++) {
      const [first = 0] = await holder.hold("a", [request(0)]);
      range = request(first, first + 1);
      const ports = await holder.hold("b", [range]).catch(() => undefined);
      if (ports === undefined) continue;
      expect(ports).toEqual([first + 1]);
      break;
    }
    expect(await failure(holder.hold("c", [range]))).toMatchObject({ reason: "all-allocated" });
  });

  test("a port that stays is never let go, a failure changes nothing", async () => {
    const [kept = 0, gone = 0] = await holder.hold("a", [request(0), request(0)]);
    const greetings = await Promise.all(["one", "two"].map(greetingServer));
    const [one, two] = greetings.map(portOf);
    const leadsTo = (port: number, target = 9) =>
      request(port, port, { target: { ipv4: "127.0.0.1", port: target } });
    await holder.hold("a", [leadsTo(kept, one), leadsTo(gone, one)]);
    // Through a connection that waits in the backlog while the ports change: it is answered.
    const early = connect(kept, "127.0.0.1");
    expect(await holder.hold("a", [leadsTo(kept, two), request(0)])).toContain(kept);
    expect(["one", "two"]).toContain(await textOf(early));
    expect(await textOf(connect(kept, "127.0.0.1"))).toBe("two");
    await holder.hold("b", [leadsTo(gone, one)]);
    expect(await failure(holder.hold("a", [leadsTo(kept, one), leadsTo(gone)]))).toMatchObject({
      reason: "allocated",
    });
    expect(await textOf(connect(kept, "127.0.0.1"))).toBe("two");
    for (const server of greetings) server.close();
  });

  test("one address becomes all of them, and back where that fails", async () => {
    const [port = 0] = await holder.hold("a", [request(0)]);
    const all = request(port, port, { hostIps: ["0.0.0.0"] });
    expect(await holder.hold("a", [all])).toEqual([port]);
    expect(await holder.hold("a", [request(port)])).toEqual([port]);
    const missing = request(0, 0, { hostIps: ["192.0.2.77"] });
    expect(await failure(holder.hold("a", [all, missing]))).toMatchObject({ request: 1 });
    const server = createServer();
    const refused = new Promise((resolve) => server.once("error", resolve));
    server.listen(port, "127.0.0.1");
    expect(await refused).toMatchObject({ code: "EADDRINUSE" });
  });

  test("adopt() drops, keeps and adds", async () => {
    const [kept = 0] = await holder.hold("a", [request(0)]);
    const [dropped = 0] = await holder.hold("b", [request(0)]);
    expect(
      await holder.adopt([
        { endpoint: "a", requests: [request(kept)] },
        { endpoint: "c", requests: [request(dropped)] },
      ]),
    ).toEqual([]);
    expect(await failure(holder.hold("b", [request(dropped)]))).toMatchObject({
      reason: "allocated",
    });
    expect(await failure(holder.hold("b", [request(kept)]))).toMatchObject({ reason: "allocated" });
  });
});

describe("RelayClient", () => {
  let execRoot: string;
  let wanted: EndpointHolds[];
  let client: RelayClient;
  const open = () => new RelayClient({ execRoot, wanted: () => wanted, command: relayCommand() });
  const relayCommand = () => {
    const module = join(import.meta.dir, "port-relay.ts");
    const options = JSON.stringify({ execRoot, lingerMs: 150 });
    const script = `const { runPortRelay } = await import(${JSON.stringify(module)});
      await runPortRelay({ ...${options}, ready: () => { require("node:fs").writeFileSync(${JSON.stringify(`${execRoot}/pid`)}, String(process.pid)); process.stdout.write("ready\\n"); } });
      process.exit(0);`;
    return [process.execPath, "-e", script];
  };
  const pid = () => Number(readFileSync(join(execRoot, "pid"), "utf8"));
  const gone = async (id: number) => {
    // Until it is reaped: a dying process's threads keep its sockets a little longer.
    while (existsSync(`/proc/${id}`)) await Bun.sleep(10);
  };
  const answers = async (port: number) =>
    await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true));
      // A relay that cannot reach its target breaks the connection, which may be heard of first.
      socket.once("error", (error: NodeJS.ErrnoException) =>
        resolve(error.code !== "ECONNREFUSED"),
      );
      socket.once("close", () => socket.destroy());
    });

  beforeEach(() => {
    execRoot = mkdtempSync(join(tmpdir(), "network-relay-"));
    wanted = [];
    client = open();
  });
  afterEach(async () => {
    wanted = [];
    await client.reconcile();
    client.close();
    if (existsSync(join(execRoot, "pid"))) await gone(pid());
    rmSync(execRoot, { recursive: true });
  });

  test("starts the relay with the first port; it ends when it holds nothing", async () => {
    await client.release("nobody");
    expect(await client.reconcile()).toEqual([]);
    expect(existsSync(join(execRoot, "pid"))).toBe(false);
    const [port = 0] = await client.hold("a", [request(0)]);
    expect(await answers(port)).toBe(true);
    const first = pid();
    await client.release("a");
    expect(await answers(port)).toBe(false);
    await gone(first);
    await client.hold("b", [request(0)]);
    expect(pid()).not.toBe(first);
  });

  test("200 requests at once get 200 ports", async () => {
    const requests = Array.from({ length: 200 }, (_, i) => client.hold(`e${i}`, [request(0)]));
    expect(new Set((await Promise.all(requests)).flat()).size).toBe(200);
  });

  test("outlives the daemon, and the next daemon corrects it", async () => {
    const [kept = 0] = await client.hold("a", [request(0)]);
    const [stale = 0] = await client.hold("b", [request(0)]);
    client.close();
    wanted = [{ endpoint: "a", requests: [request(kept)] }];
    client = open();
    expect(await answers(stale)).toBe(true);
    expect(await client.reconcile()).toEqual([]);
    expect([await answers(kept), await answers(stale)]).toEqual([true, false]);
  });

  test("a killed relay is replaced and takes the ports again", async () => {
    const [port = 0] = await client.hold("a", [request(0)]);
    wanted = [{ endpoint: "a", requests: [request(port)] }];
    const first = pid();
    process.kill(first, "SIGKILL");
    await gone(first);
    while (!(await answers(port))) await Bun.sleep(10);
    expect(pid()).not.toBe(first);
    expect(await client.hold("b", [request(port)]).catch((error: unknown) => error)).toBeInstanceOf(
      HoldRefused,
    );
  });
});
