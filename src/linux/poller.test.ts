import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAvailable, WOULD_BLOCK, writeAvailable } from "./descriptor.ts";
import { openOutputFifo } from "./fifo.ts";
import { close } from "./file.ts";
import { Poller, Ready } from "./poller.ts";
import { exitCodeOf, openPidfd, peekExitedChild, reapChild, spawn } from "./process.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

function openPoller(): { poller: Poller; errors: unknown[] } {
  const errors: unknown[] = [];
  const poller = new Poller((error) => errors.push(error));
  cleanUps.push(() => poller.close());
  return { poller, errors };
}

function makeFifo(): { ours: number; theirs: number } {
  const directory = mkdtempSync(join(tmpdir(), "supervisor-poller-"));
  const ends = openOutputFifo(join(directory, "fifo"), 65536);
  cleanUps.push(() => rmSync(directory, { recursive: true }));
  return ends;
}

describe("Poller", () => {
  test("tells of each arrival on a FIFO, and of its end", async () => {
    const { poller } = openPoller();
    const { ours, theirs } = makeFifo();
    const into = new Uint8Array(100);
    const seen: number[] = [];
    const ended = new Promise<void>((resolve) => {
      poller.add(ours, Ready.readable, () => {
        const count = readAvailable(ours, into);
        seen.push(count);
        if (count === 0) resolve();
        else if (seen.length < 500) writeAvailable(theirs, new Uint8Array(1 + (seen.length % 50)));
        else close(theirs);
      });
    });
    writeAvailable(theirs, new Uint8Array(1));
    await ended;
    expect(seen.length).toBe(501);
    expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
    poller.remove(ours);
    close(ours);
  });

  test("goes on after a handler has thrown, and forgets what was removed", async () => {
    const { poller, errors } = openPoller();
    const first = makeFifo();
    const second = makeFifo();
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      poller.add(first.ours, Ready.readable, () => {
        order.push("first");
        poller.remove(first.ours);
        throw new Error("handler");
      });
      poller.add(second.ours, Ready.readable, () => {
        order.push("second");
        readAvailable(second.ours, new Uint8Array(10));
        if (order.filter((name) => name === "second").length === 3) resolve();
        else writeAvailable(second.theirs, new Uint8Array(1));
      });
    });
    writeAvailable(first.theirs, new Uint8Array(1));
    writeAvailable(second.theirs, new Uint8Array(1));
    await done;
    expect(order.filter((name) => name === "first")).toEqual(["first"]);
    expect(errors).toHaveLength(1);
    expect(readAvailable(second.ours, new Uint8Array(1))).toBe(WOULD_BLOCK);
    for (const fd of [first.ours, first.theirs, second.ours, second.theirs]) close(fd);
  });

  test("tells of a process's end by its pidfd, and the code is there after the reaping", async () => {
    const { poller } = openPoller();
    const null_ = makeFifo();
    const argv = ["/bin/sh", "-c", "read line; exit 7"];
    const files = new Map([0, 1, 2].map((target) => [target, null_.theirs]));
    const pid = spawn({ argv, env: {}, files });
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) throw new Error("no pidfd");
    expect(exitCodeOf(pidfd, pid)).toBeUndefined();
    const ended = new Promise<void>((resolve) => {
      poller.add(pidfd, Ready.readable, () => {
        poller.remove(pidfd);
        resolve();
      });
    });
    writeAvailable(null_.theirs, new TextEncoder().encode("x\n"));
    await ended;
    expect(exitCodeOf(pidfd, pid)).toBe(7);
    expect(peekExitedChild()).toEqual({ pid, exitCode: 7 });
    reapChild(pid);
    expect(peekExitedChild()).toBeUndefined();
    expect(exitCodeOf(pidfd, pid)).toBe(7);
    for (const fd of [pidfd, null_.ours, null_.theirs]) close(fd);
  });
});
