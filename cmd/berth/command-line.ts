import { type CliHost, Output, runCli } from "../../src/cli/index.ts";
import { composeCommand } from "../../src/compose/compose-command.ts";
import { BUILD_COMMIT, BUILD_TIME, PROGRAM_VERSION } from "./build-info.ts";

/** Gives the command line what it needs of the machine, runs it, and ends the process. */
export async function runCommandLine(argv: readonly string[]): Promise<never> {
  const host: CliHost = {
    environment: process.env,
    build: { version: PROGRAM_VERSION, commit: BUILD_COMMIT, time: BUILD_TIME },
    stdout: new Output(1, () => Bun.stdout.writer()),
    stderr: new Output(2, () => Bun.stderr.writer()),
    terminal: async () => {
      const { makeTerminalRaw, terminalSize } = await import("../../src/linux/terminal.ts");
      return { size: terminalSize, makeRaw: makeTerminalRaw };
    },
    commands: [composeCommand],
    trees: async () => (await import("./tree-files.ts")).treeFiles,
    registry: async () => (await import("./registry-access.ts")).registryAccess,
  };
  // Ends at once: what a command left open (a stream, a reader of standard input) must not hold it.
  process.exit(await runCli(argv, host));
}
