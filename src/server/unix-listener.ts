import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  unlinkSync,
} from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { EngineError, errorMessage } from "../spec/index.ts";

/** Room in sockaddr_un.sun_path, unix(7). */
const MAXIMUM_PATH = 107;
/** Groups that may use the daemon, the first that exists. */
const GROUPS = ["berth", "docker"];
const MODE = 0o660;

/**
 * Binds a server to a unix socket that root and the daemon's group may use and nobody else. The directory
 * is made; a socket file that nobody answers on is replaced.
 * @throws failed-precondition when somebody does, or something else stands there
 */
export async function listenOnUnixSocket(
  server: Server,
  path: string,
  group?: string,
): Promise<void> {
  if (Buffer.byteLength(path) > MAXIMUM_PATH) {
    throw cannot(path, `the path is longer than ${MAXIMUM_PATH} bytes`);
  }
  mkdirSync(dirname(path), { recursive: true });
  await removeStaleSocket(path);
  // Until owner and mode are set nobody but root may connect.
  const previous = process.umask(0o177);
  try {
    await listening(server, path);
    if (process.getuid?.() === 0) {
      chownSync(path, 0, group === undefined ? (firstGroup(GROUPS) ?? 0) : namedGroup(group));
    }
    chmodSync(path, MODE);
  } catch (cause) {
    throw cannot(path, errorMessage(cause), cause);
  } finally {
    process.umask(previous);
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw cannot(path, "something that is not a socket is in the way");
  if (await answers(path)) throw cannot(path, "another process is listening there");
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const settle = (result: boolean): void => {
      probe.destroy();
      resolve(result);
    };
    probe.once("connect", () => settle(true));
    probe.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

/** Id of the first of these groups that exists (group(5)). */
function firstGroup(names: readonly string[], groupFile = "/etc/group"): number | undefined {
  if (!existsSync(groupFile)) return undefined;
  const lines = readFileSync(groupFile, "utf8").split("\n");
  for (const wanted of names) {
    const id = lines.find((line) => line.startsWith(`${wanted}:`))?.split(":")[2];
    if (id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}

function namedGroup(name: string): number {
  const id = firstGroup([name]);
  if (id === undefined) throw new Error(`there is no group ${JSON.stringify(name)}`);
  return id;
}

function cannot(path: string, why: string, cause?: unknown): EngineError {
  return new EngineError("failed-precondition", `Cannot listen on "unix://${path}": ${why}`, {
    cause,
  });
}
