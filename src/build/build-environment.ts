import type { ResolvedMount } from "../runtime/index.ts";
import type { BuildLimits, ImageId, Platform, Reference, RegistryAuth } from "../spec/index.ts";
import type { ImageRecord, Store } from "../store/index.ts";

/** A command that is run in a container of its own. */
export interface StepRequest {
  /** 64 lower-case hexadecimal digits. */
  readonly id: string;
  /** Mounted, with the mount points that every container needs. */
  readonly rootfs: string;
  /** A directory that goes with the step, in memory: what is written there never reaches a disk. */
  readonly directory: string;
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** `user[:group]`, names of the tree; empty is root. */
  readonly user: string;
  readonly workingDirectory: string;
  readonly mounts: readonly ResolvedMount[];
  /** `default`, `none`, `host`, or a network. */
  readonly network: string;
  readonly hostname: string;
  /** `name:address`. */
  readonly extraHosts: readonly string[];
  /** `--security=insecure`: every capability, no filter. */
  readonly privileged: boolean;
  readonly limits: BuildLimits;
}

/** Supplied from above: runs steps. */
export interface StepRunner {
  /**
   * Runs a command to its end; what it writes is told as it comes, and it waits while the listener does.
   * Nothing is left on the host when this settles, however it does. Throws where the command cannot be
   * started (`invalid-argument` and the like, in Docker's words), and when the signal ends it.
   */
  run(
    request: StepRequest,
    output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<{ exitCode: number }>;
}

export interface PullProgress {
  readonly item: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

/** Supplied from above: images and registries. */
export interface BuildImages {
  /** The image, pulled where it is not here, or with `pull` where the registry has another one. */
  resolve(
    reference: Reference,
    options: { platform: Platform; pull: boolean; auth: AuthByHost },
    progress: (news: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<ImageRecord>;
  /** Gives the image a name and tells of it. */
  tag(id: ImageId, name: string): void;
  push(
    name: string,
    auth: AuthByHost,
    progress: (news: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** `docker save` of images by name or id. */
  save(names: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export type AuthByHost = Readonly<Record<string, RegistryAuth>>;

/** What every build works with; made once. */
export interface BuildEnvironment {
  readonly store: Store;
  readonly runner: StepRunner;
  readonly images: BuildImages;
  /** Of this machine. */
  readonly host: Platform;
  /** Can programs of the platform run here? */
  canRun(platform: Platform): boolean;
  /** Below the exec root, for what must not outlive the boot. */
  readonly runDirectory: string;
  readonly clock: { readonly now: () => Date };
}
