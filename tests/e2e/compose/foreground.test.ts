import { beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BERTH, must } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";
import { Terminal } from "../../harness/terminal.ts";

const suite = useDaemon();
let terminal: Terminal;
beforeAll(async () => {
  terminal = await Terminal.open(suite.daemon.root, 120, 50);
  await terminal.type(
    `unset NO_COLOR; export HOME=${suite.daemon.root}/home BERTH_HOST=${suite.daemon.host}`,
  );
});

/** A directory with these files, where the terminal stands from then on. */
async function project(name: string, files: Record<string, string>) {
  const directory = join(suite.daemon.root, name);
  await mkdir(join(directory, "src"), { recursive: true });
  const write = (path: string, text: string) => writeFile(join(directory, path), text);
  for (const [path, text] of Object.entries(files)) await write(path, text);
  await terminal.type(`clear; cd ${directory}`);
  const compose = (...args: string[]) => suite.daemon.berth("compose", ...args, { cwd: directory });
  const inside = async (command: string) =>
    (await compose("exec", "-T", "web", "sh", "-c", command)).stdout;
  return { compose, write, inside, directory };
}

describe("berth compose up in a terminal", () => {
  const file = `
services:
  polite: {image: busybox, command: "sh -c 'trap \\"echo bye; exit 0\\" TERM; echo hello; while :; do sleep 0.1; done'"}
  stubborn: {image: busybox, stop_grace_period: 1m, command: "sh -c 'trap : TERM; echo here; while :; do sleep 0.1; done'"}
`;

  test("Ctrl-C stops gracefully, a second one at once", async () => {
    const { compose } = await project("front", { "compose.yaml": file });
    await terminal.type(`${BERTH} compose up; echo code=$?`);
    await terminal.shows("stubborn-1  | here");
    await terminal.shows(/polite-1 {4}\| hello/);
    await terminal.press("C-c");
    await terminal.shows("Gracefully Stopping... press Ctrl+C again to force");
    await terminal.shows(/polite-1 {4}\| bye/);
    await terminal.shows("polite-1 exited with code 0");
    await terminal.press("C-c");
    await terminal.shows("stubborn-1 exited with code 137");
    await terminal.shows("code=130");
    must(await compose("down"));
  });

  test("each container's lines have a colour of their own", async () => {
    const { compose, directory } = await project("colour", {
      "compose.yaml":
        "services: {one: {image: busybox, command: echo 1}, two: {image: busybox, command: echo 2}}\n",
    });
    await terminal.type(`script -qc '${BERTH} compose up' ${directory}/typescript; echo code=$?`);
    await terminal.shows("code=0");
    const text = await Bun.file(join(directory, "typescript")).text();
    const colours = [...text.matchAll(/\x1b\[(\d+)m(?:one|two)-1 {2}\| \x1b\[0m[12]/g)];
    expect(new Set(colours.map(([, colour]) => colour)).size).toBe(2);
    must(await compose("down"));
  });
});

describe("berth compose watch", () => {
  const file = `
services:
  web:
    build: .
    init: true
    develop:
      watch:
        - {path: ./src, target: /src, action: sync, ignore: [skip/], initial_sync: true}
        - {path: ./conf, target: /conf, action: sync+restart}
        - {path: ./hook, target: /hook, action: sync+exec, exec: {command: cat /hook}}
        - {path: ./Dockerfile, action: rebuild}
`;
  const dockerfile = (text: string) =>
    `FROM busybox\nRUN echo ${text} >/version\nCOPY src /src\nCMD sleep 1000\n`;

  test("sync, restart, exec, rebuild; what is ignored is left alone", async () => {
    const { compose, write, inside, directory } = await project("watch", {
      "compose.yaml": file,
      Dockerfile: dockerfile("one"),
      "src/a.js": "a\n",
    });
    await terminal.type(`${BERTH} compose watch; echo code=$?`);
    await terminal.shows("Watch enabled");
    await write("src/b.js", "b\n");
    await mkdir(join(directory, "src/skip"));
    await write("src/skip/x", "x\n");
    await terminal.shows('Syncing service "web" after 1 changes were detected');
    await eventually(async () => (await inside("cat /src/b.js")) === "b\n");
    expect(await inside("ls /src")).toBe("a.js\nb.js\n");
    await mkdir(join(directory, "src/new/deep"), { recursive: true });
    await write("src/new/deep/c.js", "c\n");
    await rename(join(directory, "src/b.js"), join(directory, "src/new/b.js"));
    await eventually(
      async () =>
        (await inside("cd /src && find . -type f | sort")) ===
        "./a.js\n./new/b.js\n./new/deep/c.js\n",
    );
    await rm(join(directory, "src/new"), { recursive: true });
    await eventually(async () => (await inside("ls /src")) === "a.js\n");
    await write("conf", "1\n");
    await terminal.shows('service(s) ["web"] restarted');
    expect(await inside("cat /conf")).toBe("1\n");
    await write("hook", "said by the hook\n");
    await terminal.shows("said by the hook");
    await write("Dockerfile", dockerfile("two"));
    await terminal.shows('service(s) ["web"] successfully built');
    expect(await inside("cat /version")).toBe("two\n");
    await terminal.press("C-c");
    await terminal.shows("code=130");
    expect(await inside("echo runs")).toBe("runs\n");
    await terminal.type(`clear; ${BERTH} compose up --watch; echo code=$?`);
    await terminal.shows("⦿ Watch enabled");
    await write("Dockerfile", dockerfile("three"));
    await terminal.shows('⦿ service(s) ["web"] successfully built');
    expect(await inside("cat /version")).toBe("three\n");
    await terminal.press("C-c");
    await terminal.shows("code=130");
    expect((await compose("ps", "-q")).stdout).toBe("");
    must(await compose("down", "--rmi", "local"));
  }, 60_000);

  test("services without rules are refused", async () => {
    const { compose } = await project("none", {
      "compose.yaml": "services: {a: {image: busybox}}\n",
    });
    expect((await compose("watch")).stderr).toContain("consider setting a 'develop' section");
  });
});

test("the terminal ends", () => terminal.close());
hostStaysClean(suite);
