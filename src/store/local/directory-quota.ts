import {
  enforcesProjectQuotas,
  inheritedProject,
  setProject,
  setProjectLimit,
} from "../../linux/project-quota.ts";
import { EngineError, errorMessage } from "../../spec/index.ts";

/** Ids that nobody who writes them into /etc/projid comes near. */
const FIRST_PROJECT = 0x4000_0000;
const PROJECTS = 0x3fff_ffff;

/** Why the file system of a directory cannot bound what is in it, or undefined. */
export function whyNoQuota(directory: string): string | undefined {
  if (enforcesProjectQuotas(directory)) return undefined;
  return `"${directory}" is on a file system without project quotas: mount ext4 (made with -O quota,project) or xfs with "prjquota"`;
}

/**
 * Bounds what empty directories and all that will be made in them occupy together. Bytes. The project is
 * the directories' own: their names do not matter, so that they may move.
 */
export function limitDirectories(directories: readonly string[], limit: number): void {
  const project = FIRST_PROJECT + Math.floor(Math.random() * PROJECTS);
  try {
    for (const directory of directories) {
      setProject(directory, project);
      setProjectLimit(directory, project, limit);
    }
  } catch (error) {
    throw new EngineError("internal", `Cannot set a quota: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** Names can move between two directories only if these belong to the same project. */
export function shareQuota(from: string, to: string): void {
  const project = inheritedProject(from);
  if (project !== 0) setProject(to, project);
}
