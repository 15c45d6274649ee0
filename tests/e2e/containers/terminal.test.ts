import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { BERTH } from "../../harness/daemon.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";
import { Terminal } from "../../harness/terminal.ts";

const suite = useDaemon();
/** The host's shell waits for a command: its prompt is the last thing on the screen. */
const PROMPT = /READY\s*$/;
let terminal: Terminal;

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const program = () => `${name === "berth" ? BERTH : name} -H ${suite.daemon.host}`;

  describe(`${name} in a real terminal`, () => {
    beforeEach(async () => {
      terminal = await Terminal.open(suite.daemon.root);
    });
    afterEach(async () => {
      await terminal.close();
    });
    test("a shell echoes, knows its size and follows a resize", async () => {
      await terminal.type(`${program()} run -it --rm busybox sh`);
      await terminal.shows("/ #");
      await terminal.type("stty size; tty");
      await terminal.shows(/24 80[\s\S]*\/dev\/pts\/0/);
      await terminal.resize(100, 30);
      await Bun.sleep(300);
      await terminal.type("stty size");
      await terminal.shows("30 100");
      await terminal.type("exit 3");
      await terminal.shows(PROMPT);
      await terminal.type("echo code $?; stty -a | grep -o ' echo '");
      await terminal.shows(/code 3\s+echo/);
    });
    test("Ctrl-C reaches the process inside", async () => {
      await terminal.type(`${program()} run -it --rm busybox sh`);
      await terminal.shows("/ #");
      await terminal.type("sleep 1000");
      await Bun.sleep(300);
      await terminal.press("C-c");
      await terminal.type("echo still here $?");
      await terminal.shows("still here 130");
      await terminal.type("exit");
      await terminal.shows(PROMPT);
    });
    test("vi edits a file", async () => {
      await terminal.type(`${program()} run -it --name editor busybox vi /note`);
      await terminal.shows("~");
      await terminal.press("i");
      await terminal.type("typed in vi");
      await terminal.press("Escape");
      // What follows an Escape at once would be taken for a key sequence of the terminal.
      await Bun.sleep(400);
      await terminal.type(":wq");
      await terminal.shows(PROMPT);
      const tar = await cli("export", "editor");
      expect(tar.stdout).toContain("typed in vi");
      await cli("rm", "editor");
    });
    test("detach keys leave it running; attach comes back", async () => {
      await terminal.type(`${program()} run -it --name dt busybox sh`);
      await terminal.shows("/ #");
      await terminal.type("MARK=kept");
      await terminal.press("C-p", "C-q");
      await terminal.shows(PROMPT);
      await eventually(async () => (await cli("ps", "-q", "-f", "name=dt")).stdout !== "");
      await terminal.type(`clear; ${program()} attach dt`);
      await Bun.sleep(300);
      await terminal.type("echo was $MARK");
      await terminal.shows("was kept");
      await terminal.type("exit");
      await terminal.shows(PROMPT);
      await cli("rm", "-f", "dt");
    });
    test("exec -it gets a terminal of its own", async () => {
      await cli("run", "-d", "--name", "ex", "busybox", "sleep", "1000");
      await terminal.type(`${program()} exec -it ex sh`);
      await terminal.shows("/ #");
      await terminal.type("stty size; echo $((6*7))");
      await terminal.shows(/24 80[\s\S]*42/);
      await terminal.type("exit 4");
      await terminal.shows(PROMPT);
      await terminal.type("echo code $?");
      await terminal.shows("code 4");
      await cli("rm", "-f", "ex");
    });
    test("Ctrl-C ends a foreground run without a tty by --sig-proxy", async () => {
      await terminal.type(
        `${program()} run --rm --name fg busybox sh -c 'trap "echo got INT; exit 9" INT; while :; do sleep 0.1; done'`,
      );
      await eventually(async () => (await cli("ps", "-q", "-f", "name=fg")).stdout !== "");
      await Bun.sleep(300);
      await terminal.press("C-c");
      await terminal.shows("got INT");
      await terminal.shows(PROMPT);
      await terminal.type("echo code $?");
      await terminal.shows("code 9");
    });
  });
}

hostStaysClean(suite);
