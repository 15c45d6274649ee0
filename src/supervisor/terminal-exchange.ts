import { readAvailable } from "../linux/descriptor.ts";
import { close } from "../linux/file.ts";
import { type Poller, Ready } from "../linux/poller.ts";
import {
  connectStream,
  receiveDescriptor,
  sendAvailable,
  sendDescriptor,
} from "../linux/unix-socket.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { encodeLine, type Hello, type Welcome } from "./protocol.ts";
import type { SocketConnection } from "./socket-connection.ts";

/*
 * A tty hangs up when the last descriptor of its master is closed. The daemon keeps a duplicate, unread, and
 * gives it back to the successor of a supervisor that was killed.
 */

const WELCOME: Welcome = { welcome: "terminal" };

/** The supervisor's answer to `take-terminal`; without a master the connection just ends. */
export function lendTerminal(connection: SocketConnection, master: number | undefined): void {
  const fd = connection.release();
  try {
    if (master !== undefined) sendDescriptor(fd, encodeLine(WELCOME), master);
  } finally {
    close(fd);
  }
}

/** The supervisor's part of `give-terminal`. */
export function regainTerminal(
  poller: Poller,
  connection: SocketConnection,
  managed: ManagedProcess | undefined,
): void {
  const fd = connection.release();
  sendAvailable(fd, encodeLine(WELCOME));
  poller.add(fd, Ready.readable, () => {
    poller.remove(fd);
    try {
      const master = receiveDescriptor(fd);
      if (master !== undefined && managed !== undefined) managed.regainTerminal(master);
      else if (master !== undefined) close(master);
    } finally {
      close(fd);
    }
  });
}

/** The daemon's side: a duplicate of a tty's master; undefined where there is none to have. */
export async function takeTerminal(
  poller: Poller,
  path: string,
  id: string,
): Promise<number | undefined> {
  const fd = sendHello(path, { hello: "take-terminal", id });
  try {
    await readable(poller, fd);
    return receiveDescriptor(fd);
  } catch {
    return undefined;
  } finally {
    close(fd);
  }
}

/** The daemon's side: resolves when the supervisor has the tty again. */
export async function giveTerminal(
  poller: Poller,
  path: string,
  id: string,
  master: number,
): Promise<void> {
  const fd = sendHello(path, { hello: "give-terminal", id });
  try {
    await readable(poller, fd);
    readAvailable(fd, new Uint8Array(new ArrayBuffer(1024)));
    sendDescriptor(fd, new Uint8Array(1), master);
    await readable(poller, fd);
  } finally {
    close(fd);
  }
}

function sendHello(path: string, hello: Hello): number {
  const fd = connectStream(path);
  sendAvailable(fd, encodeLine(hello));
  return fd;
}

function readable(poller: Poller, fd: number): Promise<void> {
  return new Promise((resolve) => {
    poller.add(fd, Ready.readable, () => {
      poller.remove(fd);
      resolve();
    });
  });
}
