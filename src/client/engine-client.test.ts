import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../server/testing/test-server.ts";
import { errorKind, FrameDecoder } from "../spec/index.ts";
import { ConnectionError, DaemonError, EngineClient } from "./index.ts";

let server: TestServer;
let client: EngineClient;

beforeAll(async () => {
  server = await startTestServer();
  client = new EngineClient({ host: server.host });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const lastCall = (name: string) => server.backends.calls.findLast((call) => call[0] === name);

async function text(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}

async function content(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const decoder = new FrameDecoder();
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    for (const piece of decoder.push(chunk)) parts.push(piece.content);
  }
  return Buffer.concat(parts);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function thrown(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("containers", () => {
  test("list() sends its options and gives what the daemon has", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "listed" });
    const filters = { label: ["a=b"], status: ["running"] };
    const containers = await client.containers.list({ all: true, limit: 5, filters });
    expect(containers[0]?.Names).toEqual(["/listed"]);
    expect(lastCall("list")?.[1]).toEqual({ all: true, size: false, limit: 5, filters });
  });

  test("create() carries body, name and platform", async () => {
    const created = await client.containers.create(
      { Image: "busybox", Cmd: ["a", "ü"], HostConfig: { Memory: 1024 } },
      { name: "made", platform: "linux/amd64" },
    );
    expect(created.Id).toMatch(/^[0-9a-f]{64}$/);
    expect(lastCall("create")?.[2]).toEqual({ name: "made", platform: "linux/amd64" });
    expect(lastCall("create")?.[1]).toMatchObject({
      Cmd: ["a", "ü"],
      HostConfig: { Memory: 1024 },
    });
  });

  test("start() of a running container is no failure", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "twice" });
    await client.containers.start("twice");
    await client.containers.start("twice");
  });

  test("a refusal is a DaemonError with status, kind and words", async () => {
    const error = await thrown(client.containers.inspect("nosuch"));
    expect(error).toBeInstanceOf(DaemonError);
    expect((error as DaemonError).status).toBe(404);
    expect((error as DaemonError).message).toBe("No such container: nosuch");
    expect(errorKind(error)).toBe("not-found");
  });

  test("wait() resolves before the exit, its result with it", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "waited" });
    await client.containers.start("waited");
    const { result } = await client.containers.wait("waited", "next-exit");
    expect(lastCall("wait")).toEqual(["wait", "next-exit"]);
    await client.containers.stop("waited", { timeout: 0, signal: "INT" });
    expect(lastCall("stop")?.[1]).toEqual({ timeout: 0, signal: "INT" });
    expect(await result).toEqual({ StatusCode: 137 });
  });

  test("attach() passes 8 MB both ways, half-close included", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "attached" });
    const stream = await client.containers.attach("attached", {
      stream: true,
      stdin: true,
      stdout: true,
    });
    expect(stream.multiplexed).toBe(true);
    const input = crypto.getRandomValues(Buffer.alloc(64 * 1024));
    const send = async (): Promise<void> => {
      for (let round = 0; round < 128; round++) await stream.write(input);
      stream.end();
    };
    const [output] = await Promise.all([content(stream.output), send()]);
    expect(output.length).toBe(128 * input.length + 4);
    expect(output.subarray(-4).toString()).toBe("bye\n");
    expect(Bun.hash(output.subarray(0, -4))).toBe(Bun.hash(Buffer.concat(Array(128).fill(input))));
  });

  test("attach() to a tty is raw", async () => {
    await client.containers.create({ Image: "busybox", Tty: true }, { name: "tty" });
    const stream = await client.containers.attach("tty", { stream: true, stdin: true });
    expect(stream.multiplexed).toBeUndefined();
    await stream.write(Buffer.from("hi\n"));
    stream.end();
    expect(await text(stream.output)).toBe("hi\nbye\n");
  });

  test("attach() to nothing is a DaemonError", async () => {
    const error = await thrown(client.containers.attach("nosuch", { stream: true }));
    expect(error).toBeInstanceOf(DaemonError);
    expect((error as DaemonError).message).toBe("No such container: nosuch");
  });

  test("close() of an attached stream ends its output", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "dropped" });
    const stream = await client.containers.attach("dropped", { stream: true, stdin: true });
    setTimeout(() => stream.close(), 20);
    expect(await text(stream.output)).toBe("");
    await stream.write(Buffer.from("into the void"));
  });

  test("logs() sends instants to the nanosecond and streams", async () => {
    await client.containers.create(
      { Image: "busybox", Labels: { lines: "5000" } },
      { name: "logged" },
    );
    const { multiplexed, chunks } = await client.containers.logs("logged", {
      stdout: true,
      stderr: true,
      tail: 7,
      since: 1_700_000_000_000_000_001n,
    });
    expect(multiplexed).toBe(true);
    const lines = (await content(chunks)).toString().trimEnd().split("\n");
    expect(lines.length).toBe(5000);
    expect(lines[4999]).toBe("line 4999");
    expect(lastCall("logs")?.[1]).toEqual({
      stdout: true,
      stderr: true,
      follow: false,
      timestamps: false,
      details: false,
      tail: 7,
      since: 1_700_000_000_000_000_001n,
    });
  });

  test("logs() that follow end when the signal aborts, and the daemon notices", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "followed" });
    const abort = new AbortController();
    const options = { stdout: true, follow: true };
    const { chunks } = await client.containers.logs("followed", options, abort.signal);
    const before = server.backends.containers.aborted;
    let lines = 0;
    const error = await thrown(
      (async () => {
        for await (const chunk of chunks) {
          lines += chunk.filter((byte) => byte === 0x0a).length;
          if (lines === 3) abort.abort();
        }
      })(),
    );
    expect(errorKind(error)).toBe("cancelled");
    while (server.backends.containers.aborted === before) await Bun.sleep(5);
  });

  test("stats(), export() and archives stream", async () => {
    await client.containers.create({ Image: "busybox" }, { name: "streamed" });
    expect((await collect(await client.containers.stats("streamed"))).length).toBe(1);
    expect((await text(await client.containers.export("streamed"))).length).toBe(4 << 20);
    const { stat, tar } = await client.containers.getArchive("streamed", "/etc/x");
    expect(stat.name).toBe("/etc/x");
    expect(await text(tar)).toBe("tar");
    expect((await client.containers.statPath("streamed", "/etc/y")).name).toBe("/etc/y");
    await client.containers.putArchive("streamed", "/tmp", Buffer.alloc(1000));
    expect(lastCall("putArchive")).toEqual(["putArchive", "/tmp", 1000]);
  });
});

test("exec sends its body before the stream and keeps early input", async () => {
  await client.containers.create({ Image: "busybox" }, { name: "execed" });
  const { Id } = await client.exec.create("execed", { Cmd: ["cat"], AttachStdin: true });
  const stream = await client.exec.start(Id, { Tty: false });
  await stream.write(Buffer.from("early\n"));
  stream.end();
  expect((await content(stream.output)).toString()).toBe("early\nbye\n");
  expect((await client.exec.inspect(Id)).ExitCode).toBe(5);
  expect(lastCall("startAttached")?.[1]).toEqual({ Detach: false, Tty: false });
});

test("exec whose command cannot start says so as output", async () => {
  const { Id } = await client.exec.create("execed", { Cmd: ["nosuch"] });
  const stream = await client.exec.start(Id);
  expect((await content(stream.output)).toString()).toContain("executable file not found");
});

describe("images", () => {
  test("pull() splits the reference, sends credentials and reports progress", async () => {
    const auth = { username: "u", password: "pä" };
    const messages = await collect(
      await client.images.pull({ reference: "localhost:5000/a/b:1", auth }),
    );
    expect(messages.at(-1)?.status).toStartWith("Status: Downloaded");
    expect(lastCall("pull")?.[1]).toEqual({ reference: "localhost:5000/a/b:1", auth });
    const digest = `sha256:${"a".repeat(64)}`;
    await collect(await client.images.pull({ reference: `busybox@${digest}` }));
    expect(lastCall("pull")?.[1]).toEqual({ reference: `busybox@${digest}` });
  });

  test("a pull fails with a status before its first message, and in the stream after it", async () => {
    const early = await thrown(client.images.pull({ reference: "missing" }));
    expect(early).toBeInstanceOf(DaemonError);
    expect((early as DaemonError).status).toBe(404);
    const late = await thrown(collect(await client.images.pull({ reference: "broken" })));
    expect(late).not.toBeInstanceOf(DaemonError);
    expect((late as Error).message).toBe("unexpected EOF");
  });

  test("load() streams what an iterable gives", async () => {
    async function* tar(): AsyncGenerator<Uint8Array> {
      for (let round = 0; round < 100; round++) yield new Uint8Array(100_000);
    }
    const messages = await collect(await client.images.load(tar()));
    expect(messages).toEqual([{ stream: "Loaded 10000000 bytes\n" }]);
    expect(lastCall("load")?.[1]).toEqual({ quiet: false, platforms: [] });
  });

  test("names keep their slashes and colons", async () => {
    await client.images.tag("localhost:5000/a/b:1", { repo: "c/d", tag: "2" });
    expect(lastCall("tag")).toEqual(["tag", "localhost:5000/a/b:1", { repo: "c/d", tag: "2" }]);
    await client.images.remove("a/b:1", { force: true });
    expect(lastCall("removeImage")?.[2]).toEqual({ force: true, noPrune: false, platforms: [] });
    await client.images.save(["a:1", "b:2"]);
    expect(lastCall("save")?.[1]).toEqual(["a:1", "b:2"]);
  });

  test("commit() goes without a configuration", async () => {
    await client.images.commit({ container: "c", repo: "r", tag: "t", changes: ["CMD x"] });
    expect(lastCall("commit")?.[1]).toEqual({
      container: "c",
      repo: "r",
      tag: "t",
      comment: "",
      author: "",
      pause: true,
      changes: ["CMD x"],
    });
  });
});

describe("networks, volumes and the system", () => {
  test("have their calls", async () => {
    expect((await client.networks.list())[0]?.Name).toBe("bridge");
    expect((await client.networks.inspect("bridge")).Driver).toBe("bridge");
    await client.networks.connect("bridge", { Container: "c" });
    expect(lastCall("connect")).toEqual(["connect", "bridge", { Container: "c" }]);
    await client.networks.remove("bridge");
    expect((await client.volumes.list()).Volumes[0]?.Name).toBe("data");
    expect((await client.volumes.create({ Name: "v" })).Name).toBe("v");
    await client.volumes.remove("v", { force: true });
    expect((await client.system.version()).Version).toBe("0.1.0");
    expect((await client.system.info()).NCPU).toBe(2);
    await client.system.diskUsage(["image", "volume"]);
    expect(lastCall("df")).toEqual(["df", ["image", "volume"]]);
    await client.system.stop({ containers: true });
    expect(lastCall("stopEngine")?.[1]).toEqual({ containers: true });
  });

  test("ping() reads the headers", async () => {
    expect(await client.system.ping()).toEqual({
      ApiVersion: "1.56",
      OSType: "linux",
      Experimental: false,
      BuilderVersion: "",
      SwarmStatus: "inactive",
    });
  });

  test("auth() that fails is unauthenticated", async () => {
    const error = await thrown(client.system.auth({ username: "u", password: "wrong" }));
    expect(errorKind(error)).toBe("unauthenticated");
    expect((await client.system.auth({ password: "right" })).Status).toBe("Login Succeeded");
  });

  test("events() stream until left", async () => {
    const actions: string[] = [];
    for await (const event of await client.system.events({ filters: { type: ["container"] } })) {
      actions.push(event.Action);
      if (actions.length === 2) break;
    }
    expect(actions).toEqual(["start", "die"]);
    while (lastCall("eventsEnded") === undefined) await Bun.sleep(5);
  });
});

test("nobody at the socket is a ConnectionError in plain words", async () => {
  const lost = new EngineClient({ host: "unix:///tmp/server-nosuch.sock" });
  const message =
    "Cannot connect to the Berth daemon at unix:///tmp/server-nosuch.sock. Is the berth daemon running?";
  const calls = [() => lost.system.version(), () => lost.containers.attach("x", { stream: true })];
  for (const call of calls) {
    const error = await thrown(call());
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as ConnectionError).message).toBe(message);
  }
});

test("a version is asked for in the path", async () => {
  const old = new EngineClient({ host: server.host, version: "1.12" });
  expect(((await thrown(old.system.info())) as DaemonError).message).toContain("too old");
});
