import { readFileSync, readlinkSync, statSync } from "node:fs";
import { type TransferRequest, transferTree } from "../../archive/index.ts";
import { conflict, type LocalCopyReport, type LocalCopyRequest } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { locate, refuseNonDirectory, refuseReadOnly, topName, userOf } from "./archive.ts";
import { holdTree } from "./archive-tree.ts";
import { publishContainerEvent } from "./container-events.ts";

/**
 * Copies between the daemon's host and a container without a client in between. Reports how far it is a few
 * times a second, in the end the whole.
 */
export async function* copyLocally(
  context: EngineContext,
  ref: string,
  request: LocalCopyRequest,
  signal: AbortSignal,
): AsyncGenerator<LocalCopyReport> {
  if (request.fileView !== ownFileView()) {
    throw conflict(
      "Cannot copy without an archive: the caller sees the files of another machine or namespace",
    );
  }
  const container = context.containers.get(ref);
  const tree = await holdTree(context, container);
  const { direction, path, hostPath, archive } = request;
  const inside = { direction, root: tree.root, mounts: tree.mounts, path, hostPath };
  try {
    const { stat, realPath } = await locate(tree, path, ref);
    if (direction === "out") {
      const name = request.name ?? topName(path, stat.name);
      const owner = archive ? {} : { owner: { uid: 0, gid: 0 } };
      publishContainerEvent(context, container, "archive-path");
      yield* reports({ ...inside, name, ...owner }, signal);
      return;
    }
    refuseNonDirectory(stat);
    refuseReadOnly(container, realPath);
    const owner = archive ? userOf(container, tree) : undefined;
    const transfer = {
      ...inside,
      ...(request.name === undefined ? {} : { name: request.name }),
      ...(owner === undefined ? {} : { owner }),
    };
    yield* reports(transfer, signal);
    publishContainerEvent(context, container, "extract-to-dir");
  } finally {
    tree.release();
  }
}

async function* reports(
  transfer: TransferRequest,
  signal: AbortSignal,
): AsyncGenerator<LocalCopyReport> {
  for await (const { bytes } of transferTree(transfer, signal)) yield { Bytes: bytes };
}

/** A socket may be another machine's, and a mount namespace has the same number there. */
function ownFileView(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  const { dev, ino } = statSync("/");
  return `${boot} ${readlinkSync("/proc/self/ns/mnt")} ${dev}:${ino}`;
}
