import type { Digest, HistoryEntry, ImageRunConfig, Platform } from "../../spec/index.ts";
import type { ImageLayer, Tree } from "../../store/index.ts";
import type { StageScope } from "../dockerfile/index.ts";

/** A step that has been done, for caches that others import. */
export interface DoneStep {
  readonly operation: Digest;
  readonly before: Tree;
  readonly tree: Tree;
}

/** A stage between two of its instructions. */
export interface StageState {
  tree: Tree;
  config: ImageRunConfig;
  author: string;
  readonly history: HistoryEntry[];
  /** As many entries of it are the base image's. */
  readonly inheritedHistory: number;
  readonly scope: StageScope;
  readonly platform: Platform;
  /** Layers below the stage's own snapshots: of the image that it stands on. */
  readonly baseLayers: readonly ImageLayer[];
  /** RFC 3339; of what was done last. */
  created: string;
  /** `CMD` has been said in this stage: `ENTRYPOINT` leaves it alone. */
  cmdSet: boolean;
  readonly done: DoneStep[];
}

const DEFAULT_SHELL = ["/bin/sh", "-c"];

export const shellOf = (config: ImageRunConfig): readonly string[] =>
  config.Shell != null && config.Shell.length > 0 ? config.Shell : DEFAULT_SHELL;

/** `path` seen from the stage's working directory; absolute. */
export function fromWorkingDirectory(config: ImageRunConfig, path: string): string {
  if (path.startsWith("/")) return path;
  const directory = config.WorkingDir || "/";
  return `${directory.endsWith("/") ? directory : `${directory}/`}${path}`;
}
