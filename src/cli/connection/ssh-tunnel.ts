import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

/**
 * Makes a daemon behind `ssh://[user@]host[:port][/path/of/its.sock]` one of a local socket: every
 * connection to it is passed through an `ssh` of its own, which runs `system dial-stdio` over there. The
 * socket lies in a directory that only the user can enter, and goes with this process.
 *
 * @returns `unix:///…`
 * @throws CliError for an address that is none
 */
export async function openSshTunnel(address: string): Promise<string> {
  const words = sshCommand(address);
  const directory = mkdtempSync(join(tmpdir(), "berth-ssh-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "daemon.sock");
  const server = createServer({ allowHalfOpen: true }, (socket) => passThrough(socket, words));
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(path, listening.resolve);
  await listening.promise;
  server.unref();
  return `unix://${path}`;
}

/** The words of `ssh`; nothing of the address can become one of its options. */
export function sshCommand(address: string): string[] {
  const fail = (why: string): CliError =>
    new CliError(`Failed to initialize: invalid ssh address "${address}": ${why}`);
  const url = URL.parse(address);
  if (url === null || url.protocol !== "ssh:") throw fail("expected ssh://[user@]host[:port]");
  if (url.hostname === "") throw fail("no host specified");
  if (url.password !== "") throw fail("plain-text password is not supported");
  if (url.search !== "" || url.hash !== "") throw fail("extra query or fragment");
  const user = decodeURIComponent(url.username);
  const socket = decodeURIComponent(url.pathname.replace(/^\/$/, ""));
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return [
    "ssh",
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(user === "" ? [] : ["-l", user]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "--",
    host,
    remoteCommand(socket),
  ];
}

/** Berth where it runs or is named by its socket, Docker otherwise: both have the command. */
function remoteCommand(socket: string): string {
  const host = socket === "" ? "" : ` -H ${quote(`unix://${socket}`)}`;
  const found = "command -v berth >/dev/null 2>&1";
  const here = socket === "" ? `[ -S /run/berth.sock ] && ${found}` : found;
  const dial = "system dial-stdio";
  return `if ${here}; then exec berth${host} ${dial}; else exec docker${host} ${dial}; fi`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function passThrough(socket: Socket, [program = "ssh", ...args]: string[]): void {
  // What ssh asks and complains of is for the user to see.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.once("error", () => socket.destroy());
  socket.once("error", () => child.kill());
  child.stdin.once("error", () => {});
  socket.pipe(child.stdin);
  child.stdout.pipe(socket);
  socket.once("close", () => child.stdin.destroy());
}
