import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { decode, encode, type Packet } from "dns-packet";
import {
  closeNamespace,
  createNetworkNamespace,
  inNetworkNamespace,
} from "../../linux/namespace.ts";
import { NetworkLab, run } from "../testing/network-lab.ts";
import type { NamedSandbox } from "./named-sandbox.ts";
import { Resolver } from "./resolver.ts";
import { frame, MessageSplitter } from "./stream-messages.ts";
import { Upstream } from "./upstream.ts";

let lab: NetworkLab;
let resolver: Resolver;
let namespace: number;
let asked = 0;
let upstream: { close(): void };
let upstreamTcp: { stop(): void };

/** What a server may send that means harm, or is broken. */
function hostileAnswer(name: string, { id = 0, questions = [] }: Packet): Uint8Array | undefined {
  const response = (answers: Packet["answers"] = [], asked: Packet["questions"] = questions) =>
    new Uint8Array(encode({ type: "response", id, questions: asked, answers }));
  const A = (data: string) => ({ type: "A", name, ttl: 60, data }) as const;
  switch (name) {
    case "circle.example":
      return response([{ type: "CNAME", name, ttl: 60, data: name }]);
    case "pointer.example": {
      const bytes = response([A("192.0.2.7")]);
      // The record's name is a pointer to itself.
      bytes.set([0xc0, bytes.length - 16], bytes.length - 16);
      return bytes;
    }
    case "cut.example":
      return response([A("192.0.2.7")]).subarray(0, -6);
    case "other.example":
      return response([A("192.0.2.66")], [{ type: "A", name: "www.example" }]);
    case "long.example":
      return response(Array.from({ length: 200 }, (_, index) => A(`192.0.2.${index}`)));
    default:
      return undefined;
  }
}

/** Answers everything below `.example` with one address; `big.example` only over TCP. */
function answer(query: Uint8Array, tcp: boolean): Uint8Array | undefined {
  const packet = decode(Buffer.from(query));
  const name = packet.questions?.[0]?.name ?? "";
  asked += 1;
  if (name === "silent.example") return undefined;
  const hostile = hostileAnswer(name, packet);
  if (hostile !== undefined) return hostile;
  const big = name === "big.example" && !tcp;
  const response = encode({
    type: "response",
    id: packet.id ?? 0,
    flags: big ? 0x0200 : name === "no.example" ? 3 : 0,
    questions: packet.questions ?? [],
    answers: big || name === "no.example" ? [] : [{ type: "A", name, ttl: 60, data: "192.0.2.7" }],
  });
  return new Uint8Array(response);
}

beforeAll(async () => {
  lab = new NetworkLab();
  upstream = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 5353,
    socket: {
      data(socket, bytes, port, address) {
        const response = answer(bytes, false);
        if (response === undefined) return;
        // A forged answer with another id comes first.
        const forged = new Uint8Array(response);
        forged[0] = (forged[0] ?? 0) ^ 0xff;
        forged[forged.length - 1] = 66;
        socket.send(forged, port, address);
        socket.send(response, port, address);
      },
    },
  });
  upstreamTcp = Bun.listen<MessageSplitter>({
    hostname: "127.0.0.1",
    port: 5353,
    socket: {
      open(socket) {
        socket.data = new MessageSplitter();
      },
      data(socket, bytes) {
        for (const query of socket.data.push(bytes)) {
          socket.write(frame(answer(query, true) ?? query));
        }
      },
    },
  });
});

afterAll(() => {
  upstream.close();
  upstreamTcp.stop();
  lab.close();
});

const sandbox = (id: string, names: string[], ipv4: string, more = {}): NamedSandbox => ({
  id,
  namespace: lab.path(namespace),
  endpoints: [{ networkId: "n1", network: "net", names, ipv4, links: {}, ...more }],
  exposed: ["80/tcp"],
  upstream: { servers: [{ address: "127.0.0.1", host: true }], ndots: false },
});

beforeEach(async () => {
  asked = 0;
  namespace = createNetworkNamespace(() => run("ip", "link", "set", "lo", "up")).fd;
  resolver = new Resolver(new Upstream({ port: 5353, timeoutMs: 300 }));
  await resolver.put(sandbox("a", ["web", "shared", "0123456789ab"], "10.1.0.2"));
});

afterEach(() => {
  resolver.delete("a");
  closeNamespace(namespace);
});

async function raw(query: Uint8Array, milliseconds = 2000): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const socket = await inNetworkNamespace(namespace, () =>
    Bun.udpSocket({
      connect: { hostname: "127.0.0.11", port: 53 },
      socket: { data: (_, bytes) => resolve(new Uint8Array(bytes)) },
    }),
  );
  const timer = setTimeout(() => resolve(undefined), milliseconds);
  socket.send(query);
  const response = await promise;
  clearTimeout(timer);
  socket.close();
  return response;
}

async function overTcp(query: Uint8Array): Promise<Packet> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const messages = new MessageSplitter();
  const socket = await inNetworkNamespace(namespace, () =>
    Bun.connect({
      hostname: "127.0.0.11",
      port: 53,
      socket: {
        open: (opened) => {
          opened.write(frame(query));
        },
        data: (_, bytes) => {
          for (const message of messages.push(bytes)) resolve(message);
        },
      },
    }),
  );
  const response = decode(Buffer.from(await promise));
  socket.end();
  return response;
}

const question = (name: string, type: "A" | "AAAA" | "PTR" | "SRV" | "MX"): Uint8Array =>
  encode({ type: "query", id: 4711, flags: 0x0100, questions: [{ type, name }] });

async function ask(name: string, type: Parameters<typeof question>[1] = "A") {
  const response = await raw(question(name, type));
  if (response === undefined) return undefined;
  const { id, answers = [] } = decode(Buffer.from(response));
  const data: unknown[] = answers.map((record) => ("data" in record ? record.data : undefined));
  return { id, rcode: (response[3] ?? 0) & 15, truncated: ((response[2] ?? 0) & 2) !== 0, data };
}

const found = (...data: unknown[]) => ({ id: 4711, rcode: 0, truncated: false, data });

test("names, short ids and names with their network resolve, in any case", async () => {
  for (const name of ["web", "WEB", "0123456789ab", "web.net"]) {
    expect(await ask(name)).toEqual(found("10.1.0.2"));
  }
  expect(asked).toBe(0);
});

test("a name of another family or type is there without such a record", async () => {
  expect(await ask("web", "AAAA")).toEqual(found());
  expect(await ask("web", "MX")).toEqual(found());
});

test("a shared name gives every address, each one first in its turn", async () => {
  const firsts = new Set<unknown>();
  const other = createNetworkNamespace(() => undefined).fd;
  await resolver.put({ ...sandbox("b", ["shared"], "10.1.0.3"), namespace: lab.path(other) });
  for (let turn = 0; turn < 4; turn++) {
    const answered = await ask("shared");
    expect(answered?.data.toSorted()).toEqual(["10.1.0.2", "10.1.0.3"]);
    firsts.add(answered?.data[0]);
  }
  expect(firsts.size).toBe(2);
  resolver.delete("b");
  closeNamespace(other);
  expect(await ask("shared")).toEqual(found("10.1.0.2"));
});

test("PTR and SRV", async () => {
  expect(await ask("2.0.1.10.in-addr.arpa", "PTR")).toEqual(found("web.net"));
  const service = await ask("_80._tcp.web", "SRV");
  expect(service?.data).toEqual([expect.objectContaining({ port: 80, target: "web" })]);
});

test("everything else is asked upstream once, and forged answers do not count", async () => {
  expect(await ask("www.example")).toEqual(found("192.0.2.7"));
  expect(await ask("www.example")).toEqual(found("192.0.2.7"));
  expect(asked).toBe(1);
  expect(await ask("no.example")).toEqual({ id: 4711, rcode: 3, truncated: false, data: [] });
});

test("a truncated answer is given on, and TCP gets the whole one", async () => {
  expect((await ask("big.example"))?.truncated).toBe(true);
  const { answers } = await overTcp(question("big.example", "A"));
  expect(answers).toEqual([expect.objectContaining({ data: "192.0.2.7" })]);
  expect((await overTcp(question("web", "A"))).answers).toHaveLength(1);
});

test("an upstream that is silent makes a failure", async () => {
  expect((await ask("silent.example"))?.rcode).toBe(2);
});

test("asking itself is refused", async () => {
  const upstream = { servers: [{ address: "127.0.0.11", host: false }], ndots: false };
  await resolver.put({ ...sandbox("a", ["web"], "10.1.0.2"), upstream });
  expect((await ask("www.example"))?.rcode).toBe(2);
});

test("a single label stays here when ndots was asked for", async () => {
  const upstream = { servers: [{ address: "127.0.0.1", host: true }], ndots: true };
  await resolver.put({ ...sandbox("a", ["web"], "10.1.0.2"), upstream });
  expect(await ask("unknown")).toEqual(found());
  expect(asked).toBe(0);
});

test("a link is known to its container alone", async () => {
  await resolver.put(sandbox("a", ["web"], "10.1.0.2", { links: { db: "web" } }));
  expect(await ask("db")).toEqual(found("10.1.0.2"));
});

test("malformed messages: an error or silence, and it goes on", async () => {
  const broken = question("web", "A").slice(0, 16);
  expect(((await raw(broken)) ?? [])[3]).toBe(0x81);
  expect(await raw(new Uint8Array(5), 100)).toBeUndefined();
  const response = question("web", "A");
  response[2] = 0x80;
  expect(await raw(response, 100)).toBeUndefined();
  for (let round = 0; round < 200; round++) {
    const noise = crypto.getRandomValues(new Uint8Array(40));
    noise[2] = 0;
    await raw(noise, 1);
  }
  expect(await ask("web")).toEqual(found("10.1.0.2"));
});

test("names that stay answer after adoption; others end", async () => {
  const { namespace: _, ...known } = sandbox("a", ["renamed"], "10.1.0.2");
  await resolver.adopt([known]);
  expect(await ask("renamed")).toEqual(found("10.1.0.2"));
  await resolver.adopt([]);
  expect(resolver.empty).toBe(true);
});

test("an answer to another question does not count, whatever else is right", async () => {
  expect((await ask("other.example"))?.rcode).toBe(2);
});

test("loops of names and of pointers are handed on and followed by nobody; what is cut off is not kept", async () => {
  expect((await ask("circle.example"))?.data).toEqual(["circle.example"]);
  expect(((await raw(question("pointer.example", "A"))) ?? [])[3]).toBeDefined();
  for (const times of [1, 2]) {
    await raw(question("cut.example", "A"));
    expect(asked).toBe(2 + times);
  }
  expect(await ask("web")).toEqual(found("10.1.0.2"));
});

test("an answer too long for UDP is marked as cut, and whole over TCP", async () => {
  expect(await ask("long.example")).toEqual({ id: 4711, rcode: 0, truncated: true, data: [] });
  expect((await overTcp(question("long.example", "A"))).answers).toHaveLength(200);
});

test("a question that comes over TCP byte by byte is one", async () => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const messages = new MessageSplitter();
  const socket = await inNetworkNamespace(namespace, () =>
    Bun.connect({
      hostname: "127.0.0.11",
      port: 53,
      socket: {
        data: (_, bytes) => {
          for (const message of messages.push(bytes)) resolve(message);
        },
      },
    }),
  );
  socket.setNoDelay(true);
  for (const byte of frame(question("web", "A"))) {
    socket.write(Uint8Array.of(byte));
    await new Promise((next) => setImmediate(next));
  }
  expect(decode(Buffer.from(await promise)).answers).toHaveLength(1);
  socket.end();
});

test("ten thousand questions about a hundred containers: none is lost, memory stays", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const others = names.map(
    () => createNetworkNamespace(() => run("ip", "link", "set", "lo", "up")).fd,
  );
  for (const [index, name] of names.entries()) {
    const own = { namespace: lab.path(others[index] ?? -1) };
    await resolver.put({ ...sandbox(name, [name], `10.1.1.${index}`), ...own });
  }
  const queries = names.map((name) => question(name, "A"));
  const TOTAL = 10_000;
  const IN_FLIGHT = 64;
  let sent = 0;
  let answered = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const client = await inNetworkNamespace(namespace, () =>
    Bun.udpSocket({
      connect: { hostname: "127.0.0.11", port: 53 },
      socket: {
        data: (_, bytes) => {
          if (bytes[7] === 1) answered += 1;
          if (answered === TOTAL) resolve();
          else if (sent < TOTAL) next();
        },
      },
    }),
  );
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const next = () => client.send(queries[sent++ % queries.length] ?? "");
  while (sent < IN_FLIGHT) next();
  const timer = setTimeout(resolve, 20_000);
  await promise;
  clearTimeout(timer);
  client.close();
  for (const name of names) resolver.delete(name);
  for (const fd of others) closeNamespace(fd);
  expect(answered).toBe(TOTAL);
  Bun.gc(true);
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 << 20);
});
