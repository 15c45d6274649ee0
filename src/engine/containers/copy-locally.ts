import { readlinkSync } from "node:fs";
import { transferTree } from "../../archive/index.ts";
import { conflict, type LocalCopyReport, type LocalCopyRequest } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { locate, refuseNonDirectory, refuseReadOnly, topName, userOf } from "./archive.ts";
import { holdTree } from "./archive-tree.ts";

/** Copies between the daemon's host and a container without a client in between. */
export async function copyLocally(
  context: EngineContext,
  ref: string,
  request: LocalCopyRequest,
  signal: AbortSignal,
): Promise<LocalCopyReport> {
  if (request.mountNamespace !== readlinkSync("/proc/self/ns/mnt")) {
    throw conflict("the caller's files are not the daemon's: it is in another mount namespace");
  }
  const container = context.containers.get(ref);
  const tree = await holdTree(context, container);
  const inside = { root: tree.root, mounts: tree.mounts };
  const { path, hostPath, name, archive } = request;
  try {
    const { stat, realPath } = await locate(tree, path, ref);
    if (request.direction === "out") {
      const from = { ...inside, path, rename: name ?? topName(path, stat.name) };
      const owner = archive ? {} : { owner: { uid: 0, gid: 0 } };
      const to = { ...TO, ...owner, root: hostPath, unconfined: true, mounts: [] };
      return { Bytes: (await transferTree(from, to, signal)).bytes };
    }
    refuseNonDirectory(stat);
    refuseReadOnly(container, realPath);
    const owner = archive ? userOf(container, tree) : undefined;
    const rename = name === undefined ? {} : { rename: name };
    const from = { root: "/", mounts: [], path: hostPath, unconfined: true, ...rename };
    const to = { ...TO, ...inside, path, ...(owner === undefined ? {} : { owner }) };
    return { Bytes: (await transferTree(from, to, signal)).bytes };
  } finally {
    tree.release();
  }
}

const TO = { mode: "plain", noOverwriteDirNonDir: true } as const;
