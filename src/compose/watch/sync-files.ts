import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TreeFiles } from "../../cli/tree-files.ts";
import type { BuildContextEntry } from "../../spec/index.ts";
import type { ProjectContext } from "../operations/project-context.ts";
import { execute } from "../operations/run-hook.ts";
import type { WatchedRule } from "./watched-rule.ts";

/** Files to bring into containers, and paths to take away there. */
export interface SyncPlan {
  /** Path on this machine → path in the container. */
  files: Map<string, { entry: BuildContextEntry; target: string }>;
  removed: Set<string>;
}

export const emptyPlan = (): SyncPlan => ({ files: new Map(), removed: new Set() });
export const sizeOf = ({ files, removed }: SyncPlan): number => files.size + removed.size;

/** Adds what has become of a path to the plan: a file, everything in a directory, or that it is gone. */
export function planPath(plan: SyncPlan, rule: WatchedRule, path: string, since = 0): void {
  const inside = rule.within(path);
  if (inside === undefined) return;
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    if (rule.includes(inside)) plan.removed.add(rule.inContainer(inside));
    return;
  }
  if (status.isDirectory()) {
    for (const name of readdirSync(path)) planPath(plan, rule, join(path, name), since);
    return;
  }
  if (!rule.includes(inside) || status.mtimeMs <= since) return;
  const link = status.isSymbolicLink();
  if (!link && !status.isFile()) return;
  const entry: BuildContextEntry = {
    path,
    type: link ? "symlink" : "file",
    mode: status.mode & 0o7777,
    size: link ? 0 : status.size,
    mtime: Math.floor(status.mtimeMs / 1000),
    ...(link ? { target: readlinkSync(path) } : {}),
  };
  plan.files.set(path, { entry, target: rule.inContainer(inside) });
}

/** Carries a plan out in containers. */
export async function syncFiles(
  context: ProjectContext,
  trees: TreeFiles,
  containers: readonly string[],
  { files, removed }: SyncPlan,
): Promise<void> {
  await Promise.all(
    containers.map(async (id) => {
      if (removed.size > 0) {
        const { code, output } = await execute(context, id, {
          command: ["rm", "-rf", "--", ...removed],
          user: "0",
        });
        if (code !== 0)
          throw new Error(`cannot remove files in ${id.slice(0, 12)}: ${output.trim()}`);
      }
      if (files.size === 0) return;
      const nameOf = (path: string) => (files.get(`/${path}`)?.target ?? path).replace(/^\/+/, "");
      const entries = [...files.values()].map(({ entry }) => ({
        ...entry,
        path: entry.path.slice(1),
      }));
      await context.client.containers.putArchive(
        id,
        "/",
        trees.packEntries("", entries, {}, nameOf),
      );
    }),
  );
}
