import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import type { Duplex } from "node:stream";
import { processPaths } from "./process-paths.ts";
import { RuntimeStartError } from "./supervisor.ts";
import { readAll, SupervisorFixture, splitFrames } from "./testing/supervisor-fixture.ts";

const ALL = { stdin: true, stdout: true, stderr: true };
const OUTPUT = { stdin: false, stdout: true, stderr: true };

let fixture: SupervisorFixture;
beforeEach(() => {
  fixture = new SupervisorFixture();
});
afterEach(() => fixture.tearDown());

/** Reads until the text has come. */
async function readUntil(stream: Duplex, text: string): Promise<string> {
  let seen = "";
  while (!seen.includes(text)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) seen += chunk.toString("latin1");
    else {
      await new Promise((resolve, reject) => {
        stream.once("readable", resolve).once("end", () => reject(new Error(`ended: ${seen}`)));
      });
    }
  }
  return seen;
}

describe("start()", () => {
  test("runs a container: output framed and logged, exit code kept until forgotten", async () => {
    const { client } = fixture;
    const attached = await client.attach("one", ALL);
    const request = fixture.container("one", "echo out; echo err >&2; exit 3");
    const { pid } = await client.start(request);
    expect(pid).toBeGreaterThan(1);
    expect(splitFrames(await readAll(attached))).toEqual({ stdout: "out\n", stderr: "err\n" });
    expect(await fixture.exitOf("one")).toMatchObject({ id: "one", exitCode: 3, pid });
    expect((await fixture.readLog("one")).split("\n").sort()).toEqual(["", "err", "out"]);
    expect(await client.processes()).toMatchObject([{ id: "one", state: "exited", pid }]);
    expect(await readAll(await client.attach("one", ALL))).toEqual(Buffer.of());
    expect(client.start(request)).rejects.toMatchObject({ kind: "already-exists" });
    await client.forget("one");
    expect(await client.processes()).toEqual([]);
    expect(existsSync(processPaths(fixture.execRoot, "one").directory)).toBe(false);
  });

  test("tells 128 + n for a signal", async () => {
    const { client } = fixture;
    const { pid } = await client.start(fixture.container("one", "exec sleep 1000"));
    process.kill(pid, "SIGKILL");
    expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 137 });
  });

  test("fails with what the runtime said, ends attachments, leaves nothing", async () => {
    const { client } = fixture;
    const attached = await client.attach("bad", ALL);
    const request = fixture.container("bad", "true");
    request.argv[request.argv.indexOf("--bundle") + 1] = "/nowhere";
    const error = await client.start(request).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RuntimeStartError);
    expect(error).toMatchObject({ exitStatus: 1 });
    expect((error as RuntimeStartError).message).toContain("/nowhere");
    expect(await readAll(attached)).toEqual(Buffer.of());
    expect(await client.processes()).toEqual([]);
    expect(readdirSync(`${fixture.execRoot}/processes`)).toEqual([]);
    const missing = { ...fixture.container("bad", "true"), argv: ["/no/such/runtime"] };
    expect(client.start(missing)).rejects.toMatchObject({ exitStatus: -1 });
  });

  test("a process that the runtime has waited for itself has ended, with a code nobody knows", async () => {
    const { client } = fixture;
    const { pidFile } = processPaths(fixture.execRoot, "one");
    const script = `true & echo $! > ${pidFile}; wait`;
    await client.start({
      ...fixture.container("one", ""),
      argv: ["/bin/busybox", "sh", "-c", script],
    });
    expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 255 });
  });

  test("40 at once, each with its own output and code", async () => {
    const { client } = fixture;
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const outputs = await Promise.all(
      ids.map(async (id, index) => {
        const attached = await client.attach(id, OUTPUT);
        await client.start(fixture.container(id, `echo ${id}; exit ${index}`));
        return splitFrames(await readAll(attached)).stdout;
      }),
    );
    expect(outputs).toEqual(ids.map((id) => `${id}\n`));
    const codes = await Promise.all(ids.map(async (id) => (await fixture.exitOf(id)).exitCode));
    expect(codes).toEqual(ids.map((_, index) => index));
  });
});

describe("attach()", () => {
  test("carries 20 MB through, both ways, and the client's end of input", async () => {
    const { client } = fixture;
    const options = { openStdin: true, stdinOnce: true, log: "none" as const };
    const attached = await client.attach("cat", ALL);
    const input = Buffer.alloc(20 * 1024 * 1024, "0123456789abcde\n");
    const output = readAll(attached);
    attached.end(input);
    await client.start(fixture.container("cat", "cat", options));
    expect(splitFrames(await output).stdout).toBe(input.toString());
    expect(await fixture.exitOf("cat")).toMatchObject({ exitCode: 0 });
  });

  test("stdin stays open across clients unless stdinOnce", async () => {
    const { client } = fixture;
    await client.start(fixture.container("cat", "cat", { openStdin: true }));
    for (const line of ["first", "second"]) {
      const attached = await client.attach("cat", ALL);
      attached.write(`${line}\n`);
      await readUntil(attached, line);
      attached.destroy();
    }
    expect(await client.processes()).toMatchObject([{ state: "running" }]);
    expect(await fixture.readLog("cat")).toBe("first\nsecond\n");
  });

  test("several clients all get everything; streams are chosen", async () => {
    const { client } = fixture;
    const clients = await Promise.all([
      client.attach("one", OUTPUT),
      client.attach("one", { stdin: false, stdout: true, stderr: false }),
      client.attach("one", { stdin: false, stdout: false, stderr: true }),
    ]);
    await client.start(fixture.container("one", "seq 1 5000; echo e >&2"));
    const outputs = await Promise.all(clients.map(readAll));
    const numbers = Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join("");
    expect(outputs.map(splitFrames)).toEqual([
      { stdout: numbers, stderr: "e\n" },
      { stdout: numbers, stderr: "" },
      { stdout: "", stderr: "e\n" },
    ]);
  });

  test("a client that does not read holds the process; when it leaves, all flows", async () => {
    const { client } = fixture;
    const slow = await client.attach("one", OUTPUT);
    await client.start(fixture.container("one", "seq 1 2000000; exit 4"));
    await readUntil(slow, "1\n");
    await Bun.sleep(300);
    expect(fixture.exits.has("one")).toBe(false);
    slow.destroy();
    expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 4 });
    expect(await fixture.readLog("one")).toEndWith("\n1999999\n2000000\n");
  });

  test("output is drained where there is neither a client nor a log", async () => {
    const { client } = fixture;
    await client.start(fixture.container("one", "seq 1 300000", { log: "none" }));
    expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 0 });
  });

  test("a line without an end is logged at the end", async () => {
    const { client } = fixture;
    await client.start(fixture.container("one", "printf 'no newline'"));
    await fixture.exitOf("one");
    expect(await fixture.readLog("one")).toBe("no newline");
  });
});

describe("a tty", () => {
  test("is one, has its size, is resized, and carries bytes as they are", async () => {
    const { client } = fixture;
    const options = { tty: true, openStdin: true, consoleSize: [30, 90] as [number, number] };
    const attached = await client.attach("tty", ALL);
    const script = "test -t 0 && stty size; ls /proc/self/fd; read x; stty size; echo got $x";
    await client.start(fixture.container("tty", script, options));
    // Nothing of ours is open in the container: 3 is what ls reads.
    expect(await readUntil(attached, "3\r\n")).toBe("30 90\r\n0  1  2  3\r\n");
    await client.resize("tty", 40, 100);
    attached.write("hello\r");
    expect((await readAll(attached)).toString()).toBe("hello\r\n40 100\r\ngot hello\r\n");
    expect(await fixture.exitOf("tty")).toMatchObject({ exitCode: 0 });
    expect(await fixture.readLog("tty")).toContain("40 100\r\ngot hello\r\n");
    expect(client.resize("tty", 1, 1)).rejects.toMatchObject({ kind: "not-found" });
  });

  test("works below a very long exec root", async () => {
    await fixture.tearDown();
    fixture = new SupervisorFixture(5);
    expect(fixture.execRoot.length).toBeGreaterThan(200);
    const { client } = fixture;
    const attached = await client.attach("tty", OUTPUT);
    await client.start(fixture.container("tty", "tty", { tty: true }));
    expect((await readAll(attached)).toString()).toBe("/dev/pts/0\r\n");
  });
});

describe("an exec", () => {
  test("has its own stdio and code, and no log", async () => {
    const { client } = fixture;
    await client.start(fixture.container("box", "exec sleep 1000"));
    const attached = await client.attach("x1", ALL);
    attached.end("typed\n");
    const options = { openStdin: true, stdinOnce: true };
    await client.start(fixture.exec("x1", "box", "cat; echo e >&2; exit 9", options));
    expect(splitFrames(await readAll(attached))).toEqual({ stdout: "typed\n", stderr: "e\n" });
    expect(await fixture.exitOf("x1")).toMatchObject({ exitCode: 9 });
    const terminal = await client.attach("x2", OUTPUT);
    await client.start(
      fixture.exec("x2", "box", "sleep 0.2; stty size", { tty: true, consoleSize: [5, 6] }),
    );
    expect((await readAll(terminal)).toString()).toBe("5 6\r\n");
    await fixture.exitOf("x2");
    expect(await fixture.readLog("box")).toBe("");
  });

  test("its exit is told though a grandchild holds its output", async () => {
    const { client } = fixture;
    await client.start(fixture.container("box", "exec sleep 1000"));
    const attached = await client.attach("x1", OUTPUT);
    const script = "(sleep 0.3; echo late; exec sleep 1000) & echo now; exit 5";
    await client.start(fixture.exec("x1", "box", script));
    const started = performance.now();
    expect(await fixture.exitOf("x1")).toMatchObject({ exitCode: 5 });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(splitFrames(await readAll(attached)).stdout).toBe("now\nlate\n");
  });
});

test("a client that reconnects is told the exits again until they are forgotten", async () => {
  const { client } = fixture;
  await client.start(fixture.container("one", "exit 6"));
  await fixture.exitOf("one");
  await client.close();
  fixture.exits.clear();
  fixture.client = fixture.newClient();
  await fixture.client.connect();
  expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 6 });
});
