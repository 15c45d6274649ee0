import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BERTH, must } from "../../harness/daemon.ts";
import { DOCKER_IS_CURRENT, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const berth = (...args: string[]) => suite.daemon.berth(...args);
const ok = async (...args: string[]) => must(await berth(...args)).stdout;

describe("logs of several containers", () => {
  test("lines have their container's name; --grep chooses; a missing one spares the others", async () => {
    await ok(
      "run",
      "--name",
      "one",
      "busybox",
      "sh",
      "-c",
      "echo first; echo second; echo bad >&2",
    );
    await ok("run", "--name", "second", "busybox", "sh", "-c", "printf 'third\\nno end'");
    const both = must(await berth("logs", "one", "second"));
    expect(both.stdout.split("\n").sort()).toEqual([
      "",
      "one    | first",
      "one    | second",
      "second | no end",
      "second | third",
    ]);
    expect(both.stderr).toBe("one    | bad\n");
    expect((await berth("logs", "--grep", "^s", "one")).stdout).toBe("second\n");
    expect((await berth("logs", "--grep", "(", "one")).code).toBe(1);
    const missing = await berth("logs", "one", "nothing");
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain("one     | second\n");
    expect(missing.stderr).toContain("No such container: nothing");
    await ok("rm", "one", "second");
  });

  test("they are followed together until all have ended", async () => {
    for (const name of ["a1", "a2"]) {
      await ok(
        "run",
        "-d",
        "--name",
        name,
        "busybox",
        "sh",
        "-c",
        `for i in 1 2 3; do echo ${name} $i; sleep 0.2; done`,
      );
    }
    const lines = (await ok("logs", "-f", "a1", "a2")).trim().split("\n").sort();
    expect(lines).toEqual(
      ["a1", "a2"].flatMap((name) => [1, 2, 3].map((i) => `${name} | ${name} ${i}`)),
    );
    await ok("rm", "a1", "a2");
  });
});

describe("run --healthy", () => {
  const health = ["--health-interval", "200ms", "--health-retries", "1"];
  test("returns when the container is healthy", async () => {
    await ok(
      "run",
      "-d",
      "--healthy",
      "--name",
      "good",
      ...health,
      "--health-cmd",
      "test -f /ready",
      "--health-retries",
      "50",
      "busybox",
      "sh",
      "-c",
      "sleep 0.6; touch /ready; sleep 100",
    );
    expect(await ok("inspect", "-f", "{{.State.Health.Status}}", "good")).toBe("healthy\n");
    await ok("rm", "-f", "good");
  });
  test.each([
    ["unhealthy", ["--health-cmd", "false"], "sleep 100", "is unhealthy"],
    [
      "ends",
      ["--health-cmd", "true", "--health-interval", "1m"],
      "exit 7",
      "ended with exit code 7 before it was healthy",
    ],
    ["no-check", [], "sleep 100", "has no health check"],
  ])("%s: says so", async (name, flags, command, words) => {
    const { code, stderr } = await berth(
      "run",
      "-d",
      "--healthy",
      "--name",
      name,
      ...health.slice(0, flags.length > 2 ? 0 : 4),
      ...flags,
      "busybox",
      "sh",
      "-c",
      command,
    );
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(words);
    await ok("rm", "-f", name);
  });
});

describe("ssh:// and dial-stdio", () => {
  const home = () => join(suite.daemon.root, "ssh");
  /** An ssh that runs the command on this host. */
  const environment = () => {
    mkdirSync(home(), { recursive: true });
    const files = {
      ssh: '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec sh -c "$*"\n',
      berth: `#!/bin/sh\nexec ${BERTH} "$@"\n`,
      docker: `#!/bin/sh\nexec ${BERTH} -H ${suite.daemon.host} "$@"\n`,
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(home(), name), text);
      chmodSync(join(home(), name), 0o755);
    }
    return { PATH: `${home()}:${process.env["PATH"]}`, HOME: home() };
  };
  const over = (program: string, host: string, ...words: string[]) => {
    const child = Bun.spawnSync([program, "-H", host, ...words], {
      env: environment(),
      stdin: Buffer.from("in"),
    });
    return {
      code: child.exitCode,
      stdout: child.stdout.toString(),
      stderr: child.stderr.toString(),
    };
  };

  test("berth over ssh: lists, runs, streams both ways, exit codes", () => {
    const host = `ssh://me@far:22${suite.daemon.socket}`;
    expect(over(BERTH, host, "images", "-q").stdout).toMatch(/^[0-9a-f]{12}\n$/);
    expect(
      over(BERTH, host, "run", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 3"),
    ).toMatchObject({ code: 3, stdout: "in" });
  });

  test.skipIf(!DOCKER_IS_CURRENT)(
    "the docker CLI over ssh to a host that has berth's dial-stdio",
    () => {
      const docker = Bun.which("docker") ?? "docker";
      expect(
        over(docker, "ssh://me@far", "run", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 4"),
      ).toMatchObject({ code: 4, stdout: "in" });
    },
  );
});

test("prune --dry-run of containers, networks and all names what goes, and nothing goes", async () => {
  await ok("create", "--name", "idle", "--label", "keep=no", "busybox");
  await ok("run", "-d", "--name", "busy", "busybox", "sleep", "100");
  await ok("network", "create", "lonely");
  const id = (await ok("inspect", "-f", "{{.Id}}", "idle")).trim();
  const containers = await ok("container", "prune", "--dry-run");
  expect(containers).toStartWith(`Would delete containers:\n${id}\n\nTotal reclaimable space: `);
  expect(await ok("container", "prune", "--dry-run", "--filter", "label!=keep=no")).not.toContain(
    id,
  );
  expect(await ok("container", "prune", "--dry-run", "--filter", "until=1h")).not.toContain(id);
  expect(await ok("network", "prune", "--dry-run")).toBe("Would delete networks:\nlonely\n\n");
  const all = await ok("system", "prune", "--dry-run", "--volumes");
  expect(all).toContain(id);
  expect(all).toContain("Would delete networks:\nlonely\n");
  expect((await berth("container", "prune", "--dry-run", "--filter", "x=y")).code).toBe(1);
  expect(await ok("ps", "-aq")).toMatch(/^([0-9a-f]{12}\n){2}$/);
  expect(await ok("container", "prune", "-f")).toContain(id);
  expect(await ok("network", "prune", "-f")).toContain("lonely");
  await ok("rm", "-f", "busy");
});

test("completion in a real bash knows commands, flags and names", async () => {
  await ok("volume", "create", "myvolume");
  await ok("network", "create", "mynetwork");
  const script = [
    'source <("$BERTH" completion bash)',
    'berth() { "$BERTH" "$@"; }',
    "while read -r line; do COMP_WORDS=($line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))",
    '_berth; echo "${COMPREPLY[*]}"; done',
  ].join("\n");
  const lines = ["berth volume rm my", "berth network inspect my", "berth run --na", "berth volu"];
  const child = Bun.spawnSync(["bash", "--norc", "-c", script], {
    stdin: Buffer.from(`${lines.join("\n")}\n`),
    env: { ...process.env, BERTH, BERTH_HOST: suite.daemon.host },
  });
  expect(child.stdout.toString()).toBe("myvolume\nmynetwork\n--name\nvolume\n");
  await ok("volume", "rm", "myvolume");
  await ok("network", "rm", "mynetwork");
});

test("a mistyped command and flag are answered with what was meant", async () => {
  expect((await berth("imgaes")).stderr).toContain("Did you mean 'berth images'?");
  expect((await berth("run", "--nmae", "x", "busybox")).stderr).toContain("Did you mean --name?");
});

hostStaysClean(suite);
