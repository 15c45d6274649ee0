import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import type { HijackedStream } from "../../client/index.ts";
import { CliError } from "../cli-error.ts";
import { agentSocket, type SshOption } from "./options/ssh-option.ts";

/** The agents that a build may ask, by id; those for keys are processes that end with `close`. */
export class SshAgents {
  readonly #sockets = new Map<string, string>();
  readonly #agents: Bun.Subprocess[] = [];
  readonly #directories: string[] = [];

  static async open(
    options: readonly SshOption[],
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<SshAgents> {
    const agents = new SshAgents();
    try {
      for (const option of options) {
        agents.#sockets.set(option.id, await agents.#socketFor(option, environment));
      }
    } catch (error) {
      agents.close();
      throw error;
    }
    return agents;
  }

  /** Joins a step's connection to the agent until either side ends. */
  async join(id: string, stream: HijackedStream): Promise<void> {
    const path = this.#sockets.get(id);
    if (path === undefined) {
      stream.close();
      return;
    }
    try {
      await exchange(path, stream);
    } finally {
      stream.close();
    }
  }

  close(): void {
    for (const agent of this.#agents) agent.kill();
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  }

  async #socketFor(
    option: SshOption,
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<string> {
    const usual = agentSocket(option, environment);
    if (usual !== undefined) return usual;
    const [only, ...others] = option.paths;
    if (only === undefined) throw new CliError(`--ssh ${option.id} names nothing`);
    const status = statSync(only, { throwIfNoEntry: false });
    if (status === undefined) throw new CliError(`--ssh ${option.id}: no such file: ${only}`);
    if (status.isSocket() && others.length === 0) return only;
    return this.#agentWith(option.paths);
  }

  /** An agent of the build's own that holds the keys. */
  async #agentWith(keys: readonly string[]): Promise<string> {
    const directory = mkdtempSync(`${tmpdir()}/berth-ssh-`);
    this.#directories.push(directory);
    const socket = `${directory}/agent`;
    let agent: Bun.Subprocess;
    try {
      const started = Bun.spawn(["ssh-agent", "-D", "-a", socket], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      // It says where it listens once it does.
      await started.stdout.getReader().read();
      agent = started;
    } catch (error) {
      throw new CliError(
        `keys for --ssh need ssh-agent: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    this.#agents.push(agent);
    const added = Bun.spawn(["ssh-add", "-q", ...keys], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: ["inherit", "inherit", "inherit"],
    });
    if ((await added.exited) !== 0) throw new CliError(`cannot add ${keys.join(", ")} to an agent`);
    return socket;
  }
}

async function exchange(path: string, stream: HijackedStream): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let room = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    unix: path,
    socket: {
      data: (_, chunk) => void stream.write(chunk.slice()),
      drain: () => room.resolve(),
      close: () => ended.resolve(),
      error: () => ended.resolve(),
    },
  });
  const forward = async (): Promise<void> => {
    for await (const chunk of stream.output) {
      let sent = socket.write(chunk);
      while (sent < chunk.length) {
        room = Promise.withResolvers<void>();
        await Promise.race([room.promise, ended.promise]);
        sent += socket.write(chunk.subarray(sent));
      }
    }
  };
  await Promise.race([forward(), ended.promise]);
  socket.end();
}
