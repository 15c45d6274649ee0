import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { readAll, SupervisorFixture, splitFrames } from "./testing/supervisor-fixture.ts";

const ALL = { stdin: true, stdout: true, stderr: true };

let fixture: SupervisorFixture;
beforeEach(() => {
  fixture = new SupervisorFixture();
});
afterEach(() => fixture.tearDown());

const numbers = (to: number): string =>
  Array.from({ length: to }, (_, index) => `${index + 1}\n`).join("");

/** Kills the supervisor and waits until the client has the next one. */
async function killSupervisor(): Promise<void> {
  const before = fixture.supervisorPid();
  process.kill(before, "SIGKILL");
  while (fixture.supervisorPid() === before) {
    await fixture.client.processes().catch(() => {});
    await Bun.sleep(1);
  }
  await fixture.client.processes();
}

/** Children of ours that have ended and that nobody has reaped. */
const zombies = (): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/stat`, "latin1")];
      } catch {
        return []; // It has ended meanwhile.
      }
    })
    .filter((stat) => stat.includes(`) Z ${process.pid} `));

async function readUntil(stream: Duplex, text: string): Promise<string> {
  let seen = "";
  while (!seen.includes(text)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) seen += chunk.toString("latin1");
    else await new Promise((resolve) => stream.once("readable", resolve));
  }
  return seen;
}

describe("kill -9 of the supervisor", () => {
  for (const log of ["local", "json-file"] as const) {
    test(`loses and doubles no line, again and again (${log})`, async () => {
      const { client } = fixture;
      await client.start(fixture.container("one", "seq 1 1500000; exit 7", { log }));
      let kills = 0;
      while (!fixture.exits.has("one") && kills < 12) {
        await Bun.sleep(20 + Math.random() * 40);
        await killSupervisor();
        kills++;
      }
      expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 7 });
      expect(kills).toBeGreaterThan(1);
      const logged = await fixture.readLog("one", log);
      const first = Number(logged.slice(0, logged.indexOf("\n")));
      expect(logged === numbers(1_500_000).slice(numbers(first - 1).length)).toBe(true);
    });
  }

  test("loses nothing of a container that ends meanwhile", async () => {
    const { client } = fixture;
    const script = "while [ ! -e /tmp/go ]; do sleep 0.01; done; seq 1 20000; exit 8";
    const { pid } = await client.start(fixture.container("one", script));
    const supervisor = fixture.supervisorPid();
    // Stopped, the client does not notice yet; killed after that, it never saw the end.
    process.kill(supervisor, "SIGSTOP");
    await Bun.write(`/proc/${pid}/root/tmp/go`, "");
    await Bun.sleep(300);
    process.kill(supervisor, "SIGKILL");
    expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 8, pid });
    expect(await fixture.readLog("one")).toBe(numbers(20_000));
  });

  test("keeps stdin open for clients that come later", async () => {
    const { client } = fixture;
    await client.start(fixture.container("cat", "cat", { openStdin: true }));
    await killSupervisor();
    const attached = await client.attach("cat", ALL);
    attached.write("still there\n");
    await readUntil(attached, "still there");
    attached.destroy();
  });

  test("keeps a tty, with what was written meanwhile", async () => {
    const { client } = fixture;
    const options = { tty: true, openStdin: true };
    const attached = await client.attach("tty", ALL);
    const script = "while read x; do sleep 0.1; echo got $x; done; exit 5";
    await client.start(fixture.container("tty", script, options));
    attached.write("one\r");
    await readUntil(attached, "got one");
    attached.write("two\r");
    await readUntil(attached, "two");
    await killSupervisor();
    await killSupervisor();
    const again = await client.attach("tty", ALL);
    await client.resize("tty", 10, 20);
    again.write("three\r");
    await readUntil(again, "got three");
    again.write("\x04");
    expect(await fixture.exitOf("tty")).toMatchObject({ exitCode: 5 });
    expect(await fixture.readLog("tty")).toContain("got two\r\n");
  });

  test("and of the daemon: a tty hangs up, and the exit is told", async () => {
    await fixture.client.start(fixture.container("tty", "read x; exit 5", { tty: true }));
    const supervisor = fixture.supervisorPid();
    await fixture.client.close();
    process.kill(supervisor, "SIGKILL");
    fixture.client = fixture.newClient();
    await fixture.client.connect();
    // Whether the shell or the next supervisor was faster decides if the code could be seen.
    expect([5, 255]).toContain((await fixture.exitOf("tty")).exitCode);
  });

  test("tells exits that were told before, until they are forgotten", async () => {
    const { client } = fixture;
    await client.start(fixture.container("one", "echo x; exit 6"));
    const exit = await fixture.exitOf("one");
    fixture.exits.clear();
    await killSupervisor();
    expect(await fixture.exitOf("one")).toEqual(exit);
    expect(await fixture.readLog("one")).toBe("x\n");
  });

  test("loses nothing of containers that start and end in between", async () => {
    const { client } = fixture;
    await client.connect();
    let isDone = false;
    const killing = (async () => {
      for (; !isDone; await Bun.sleep(40 + Math.random() * 80)) await killSupervisor();
    })();
    for (let round = 0; round < 12; round++) {
      const id = `c${round}`;
      await client.start(fixture.container(id, `seq 1 ${round * 1000}; exit ${round}`));
      expect(await fixture.exitOf(id)).toMatchObject({ exitCode: round });
      expect(await fixture.readLog(id)).toBe(numbers(round * 1000));
      await client.forget(id);
    }
    isDone = true;
    await killing;
  });

  for (const [order, script] of [
    ["before", 'kill -9 $PPID; "$@"'],
    ["after", '"$@"; sleep 0.1; kill -9 $PPID'],
  ] as const) {
    test(`${order} a container that ends at once runs, before anybody has heard of it`, async () => {
      const { client } = fixture;
      await client.connect();
      const request = fixture.container("one", "echo x; exit 9");
      await client.start({ ...request, argv: ["/bin/sh", "-c", script, "sh", ...request.argv] });
      expect(await fixture.exitOf("one")).toMatchObject({ exitCode: 9 });
      expect(await fixture.readLog("one")).toBe("x\n");
      await client.forget("one");
      expect(zombies()).toEqual([]);
    });
  }

  test("in the middle of starts: each either runs or has failed", async () => {
    const { client } = fixture;
    await client.connect();
    const ids = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const starts = ids.map((id) => client.start(fixture.container(id, "echo x; exec sleep 1000")));
    const results = Promise.allSettled(starts);
    await Bun.sleep(30);
    await killSupervisor();
    const settled = await results;
    const records = await client.processes();
    for (const [index, result] of settled.entries()) {
      const record = records.find(({ id }) => id === ids[index]);
      if (result.status === "rejected") expect(record).toBeUndefined();
      else expect(record).toMatchObject({ state: "running", pid: result.value.pid });
    }
  });
});

test("the death of a daemon is not the end of a container's input", async () => {
  const main = join(import.meta.dir, "testing/attach-and-wait.ts");
  const options = { openStdin: true, stdinOnce: true };
  const request = fixture.container("cat", "cat; echo ended", options);
  await Bun.write(join(fixture.root, "request.json"), JSON.stringify(request));
  const daemon = Bun.spawn([process.execPath, main, fixture.root, ...fixture.command], {
    stdout: "pipe",
    stderr: "inherit",
  });
  await daemon.stdout.getReader().read();
  daemon.kill("SIGKILL");
  await daemon.exited;
  await Bun.sleep(150);
  const { client } = fixture;
  const attached = await client.attach("cat", ALL);
  attached.write("again\n");
  await readUntil(attached, "again");
  attached.destroy();
  expect(await fixture.exitOf("cat")).toMatchObject({ exitCode: 0 });
  expect(await fixture.readLog("cat")).toBe("again\nended\n");
});

describe("upgrade()", () => {
  test("keeps ttys, attachments, logs and children", async () => {
    const { client } = fixture;
    const options = { tty: true, openStdin: true };
    const terminal = await client.attach("tty", ALL);
    await client.start(fixture.container("tty", "while read x; do echo got $x; done", options));
    const lines = await client.attach("lines", ALL);
    const waiting = await client.attach("later", ALL);
    const output = readAll(lines);
    await client.start(fixture.container("lines", "seq 1 1000000; exit 2"));
    terminal.write("one\r");
    await readUntil(terminal, "got one");
    const pid = fixture.supervisorPid();
    const descriptors = (): string[] =>
      readdirSync(`/proc/${pid}/fd`)
        .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
        .sort();
    await client.upgrade();
    const after = descriptors();
    await client.upgrade();
    expect(fixture.supervisorPid()).toBe(pid);
    terminal.write("two\r");
    await readUntil(terminal, "got two");
    expect(splitFrames(await output).stdout).toBe(numbers(1_000_000));
    expect(await fixture.exitOf("lines")).toMatchObject({ exitCode: 2 });
    expect(await fixture.readLog("lines")).toEndWith("\n999999\n1000000\n");
    const later = readAll(waiting);
    await client.start(fixture.container("later", "echo late"));
    expect(splitFrames(await later).stdout).toBe("late\n");
    terminal.write("\x04");
    expect((await fixture.exitOf("tty")).exitCode).toBe(0);
    await client.upgrade();
    const kinds = (names: string[]): string[] => [
      ...new Set(names.map((name) => name.replace(/[0-9]+/g, ""))),
    ];
    expect(descriptors().length).toBeLessThanOrEqual(after.length);
    expect(kinds(descriptors()).length).toBeLessThanOrEqual(kinds(after).length);
  });

  test("in the middle of starts loses none of them", async () => {
    const { client } = fixture;
    await client.connect();
    const ids = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const starts = ids.map((id) => client.start(fixture.container(id, `echo ${id}; exit 3`)));
    await Bun.sleep(10);
    await client.upgrade();
    await Promise.all(starts);
    for (const id of ids) {
      expect((await fixture.exitOf(id)).exitCode).toBe(3);
      expect(await fixture.readLog(id)).toBe(`${id}\n`);
    }
  });

  test("to a program that is not there fails, and changes nothing", async () => {
    const { client } = fixture;
    await client.start(fixture.container("one", "exec sleep 1000"));
    fixture.command[0] = "/no/such/program";
    expect(client.upgrade()).rejects.toThrow("/no/such/program");
    fixture.command[0] = process.execPath;
    expect(await client.processes()).toMatchObject([{ state: "running" }]);
    await client.upgrade();
    expect(await client.processes()).toMatchObject([{ state: "running" }]);
  });
});

test("the supervisor leaves when it holds nothing and nobody is connected", async () => {
  await fixture.client.connect();
  const pid = fixture.supervisorPid();
  await fixture.client.close();
  for (let waited = 0; waited < 8000 && existsSync(`/proc/${pid}`); waited += 100)
    await Bun.sleep(100);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(existsSync(`${fixture.execRoot}/supervisor.sock`)).toBe(false);
}, 10_000);
