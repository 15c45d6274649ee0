import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "./testing/test-server.ts";

const docker = Bun.which("docker");
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

interface Result {
  code: number;
  out: string;
  err: string;
}

async function run(args: string[], input = ""): Promise<Result> {
  const process = Bun.spawn([docker ?? "docker", "-H", server.host, ...args], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  return { code, out, err };
}

/** The real docker CLI, where there is one. */
test.skipIf(docker === null)("docker run, exec, logs, pull and errors", async () => {
  const big = "0123456789abcdef".repeat(50_000);
  const echoed = await run(["run", "-i", "--name", "c", "busybox", "cat"], big);
  expect(echoed.code).toBe(3);
  expect(echoed.out.length).toBe(big.length + 4);
  const exec = await run(["exec", "-i", "c", "cat"], "hello\n");
  expect([exec.code, exec.out]).toEqual([5, "hello\nbye\n"]);
  const missing = await run(["exec", "c", "nosuch"]);
  expect(missing.code).toBe(127);
  expect((await run(["logs", "c"])).out).toBe("line 0\nline 1\nline 2\n");
  const pull = await run(["pull", "busybox"]);
  expect(pull.out).toContain("Status: Downloaded newer image for busybox:latest");
  const broken = await run(["pull", "broken"]);
  expect([broken.code, broken.err.trim()]).toEqual([1, "unexpected EOF"]);
  const nope = await run(["inspect", "--type", "container", "nope"]);
  expect(nope.err).toContain("No such container: nope");
  const loaded = await run(["load"], "x".repeat(1_000_000));
  expect(loaded.out).toBe("Loaded 1000000 bytes\n");
  const events = await run(["events", "--since", "0", "--until", "2000000000"]);
  expect(events.out.trim().split("\n").length).toBe(2);
});
