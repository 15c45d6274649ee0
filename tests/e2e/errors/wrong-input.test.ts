import { describe, expect, test } from "bun:test";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BERTH, run } from "../../harness/daemon.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  describe(`${name}: what is refused, and how`, () => {
    const cases: [string[], number, string][] = [
      [["inspect", "nope"], 1, "nope"],
      [["start", "nope"], 1, "No such container: nope"],
      [["stop", "nope"], 1, "No such container: nope"],
      [["rm", "nope"], 1, "No such container: nope"],
      [["logs", "nope"], 1, "No such container: nope"],
      [["exec", "nope", "true"], 1, "No such container: nope"],
      [["rmi", "nope"], 1, "No such image: nope:latest"],
      [["run", "--pull", "never", "nope"], 125, "No such image: nope:latest"],
      [["run", "Nope"], 125, "repository name (library/Nope) must be lowercase"],
      [
        ["run", "--name", "bad name", "busybox"],
        125,
        "Invalid container name (bad name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
      ],
      [["run", "--network", "nope", "busybox"], 125, "network nope not found"],
      [["run", "-m", "1m", "busybox"], 125, "Minimum memory limit allowed is 6MB"],
      [["run", "--cpus", "1000", "busybox"], 125, "range of CPUs is from 0.01 to"],
      [
        ["run", "-w", "relative", "busybox"],
        125,
        "the working directory 'relative' is invalid, it needs to be an absolute path",
      ],
      [
        ["run", "-v", "/a:relative", "busybox"],
        125,
        "invalid volume specification: '/a:relative': invalid mount config for type \"bind\": invalid mount path: 'relative' mount path must be absolute",
      ],
      [
        ["run", "-u", "nobody-here", "busybox", "true"],
        125,
        "unable to find user nobody-here: no matching entries in passwd file",
      ],
      [["run", "--cap-add", "NOPE", "busybox"], 125, "NOPE"],
      [["run", "--sysctl", "kernel.panic=1", "busybox"], 125, "kernel.panic"],
      [["run", "--device", "/dev/nope", "busybox", "true"], 127, "/dev/nope"],
      [["run", "--restart", "sometimes", "busybox"], 125, "invalid restart policy"],
      [
        ["run", "--rm", "--restart", "always", "busybox"],
        125,
        "cannot specify both --restart and --rm",
      ],
      [["run", "--isolation", "hyperv", "busybox"], 125, "isolation"],
      [["run", "--userns", "nope", "busybox"], 125, "invalid USER mode"],
      [["kill", "-s", "NOPE", "x"], 1, "invalid signal: NOPE"],
      [["run"], 1, "requires at least 1 argument"],
    ];
    const words = new Set(["run Nope", "rmi nope", "run --rm --restart always busybox"]);
    for (const [args, code, message] of cases) {
      const ofTheClient = name === "docker" && words.has(args.join(" "));
      test.skipIf(ofTheClient && !DOCKER_IS_CURRENT)(args.join(" "), async () => {
        const output = await cli(...args);
        expect(output.stdout + output.stderr).toContain(message);
        // The docker CLI answers 1 for wrong usage of `run`, Berth the same.
        expect(output.code).toBe(code);
      });
    }
    test("leaves nothing half made behind", async () => {
      const names = (await cli("ps", "-a", "--format", "{{.Names}} {{.Status}}")).stdout;
      for (const line of names.trim().split("\n").filter(Boolean))
        expect(line).toContain("Created");
      await cli("container", "prune", "-f");
      expect((await cli("ps", "-aq")).stdout).toBe("");
    });
  });
}

describe("the API", () => {
  const post = (path: string, body: string, type = "application/json") =>
    suite.daemon.api(path, { method: "POST", body, headers: { "content-type": type } });

  const cases: [string, string, number][] = [
    ["/containers/create", "{", 400],
    ["/containers/create", "", 400],
    ["/containers/create", "[]", 400],
    ["/containers/create", '{"Image":5}', 400],
    ["/containers/create", "{}", 400],
    ["/containers/create", '{"Image":"busybox","HostConfig":{"Memory":"x"}}', 400],
    ["/containers/create?name=../x", '{"Image":"busybox"}', 400],
    ["/containers/nope/start", "", 404],
    ["/containers/nope/kill?signal=NOPE", "", 400],
    ["/exec/nope/start", "{}", 404],
    ["/v1.99/containers/nope/start", "", 400],
    ["/nope", "", 404],
  ];
  for (const [path, body, status] of cases) {
    test(`POST ${path} ${body} is ${status} with a message`, async () => {
      const response = await post(path, body);
      expect(response.status).toBe(status);
      expect(((await response.json()) as { message: string }).message).toBeTruthy();
    });
  }
  test("survives 500 requests of noise", async () => {
    const random = (length: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(length)));
    for (let round = 0; round < 500; round++) {
      const path = `/${["containers", "images", "exec", "networks"][round % 4]}/${encodeURIComponent(random(6).toString("latin1"))}/${["json", "start", "create", "attach"][round % 3]}`;
      const response = await suite.daemon.api(path, {
        method: ["GET", "POST", "DELETE", "PUT"][round % 4] ?? "GET",
        ...(round % 4 === 0 ? {} : { body: random(50) }),
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      await response.arrayBuffer();
    }
    expect((await suite.daemon.api("/_ping")).status).toBe(200);
  });
  test("the socket is 0660", async () => {
    expect((await stat(suite.daemon.socket)).mode & 0o777).toBe(0o660);
  });
});

test("berth obeys no .env and no bunfig.toml of the directory that it is called in", async () => {
  const directory = join(suite.daemon.root, "foreign");
  await mkdir(directory);
  await Bun.write(
    join(directory, ".env"),
    "DOCKER_HOST=unix:///nowhere\nBERTH_HOST=unix:///nowhere\n",
  );
  await Bun.write(join(directory, "bunfig.toml"), 'preload = ["./hostile.ts"]\n');
  await Bun.write(join(directory, "hostile.ts"), 'throw new Error("run from the directory");\n');
  const output = await run([BERTH, "version", "--format", "{{.Server.Os}}"], {
    cwd: directory,
    env: { DOCKER_HOST: suite.daemon.host },
  });
  expect(output).toMatchObject({ code: 0, stdout: "linux\n" });
  const bare = await run([BERTH, "version"], { cwd: directory });
  expect(bare.stdout + bare.stderr).not.toContain("nowhere");
});

hostStaysClean(suite);
