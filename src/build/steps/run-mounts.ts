import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join, posix } from "node:path";
import { close } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import { isDirectory, lstatIfAny } from "../../linux/stat.ts";
import type { ResolvedMount } from "../../runtime/index.ts";
import { invalidArgument } from "../../spec/index.ts";
import type { RunMount } from "../dockerfile/index.ts";
import { DiskTree } from "../files/disk-tree.ts";
import { selectFiles } from "../files/select-files.ts";
import { writeFiles } from "../files/write-files.ts";
import type { BuildJob } from "../solver/build-job.ts";
import type { Run } from "./run-step.ts";
import { fromWorkingDirectory, type StageState } from "./stage-state.ts";
import type { StepDirectory } from "./step-directory.ts";

/** Where bind and cache mounts take their files. */
export interface SourceOf {
  /** What the mount's files are, for the step's key; empty where it has none. */
  digest(mount: RunMount): Promise<string>;
  /** A directory or file of the host with the mount's files; `writable`: writes are thrown away. */
  place(
    mount: Extract<RunMount, { type: "bind" | "cache" }>,
    held: AsyncDisposableStack,
  ): Promise<string>;
}

export interface PreparedMounts extends AsyncDisposable {
  readonly mounts: readonly ResolvedMount[];
  /** What must exist in the tree. */
  readonly points: readonly { readonly path: string; readonly directory: boolean }[];
  /** `NAME=value`, with secrets. */
  readonly environment: readonly string[];
}

/** Makes everything ready that a `RUN` mounts. */
export async function prepareMounts(
  job: BuildJob,
  state: StageState,
  run: Run,
  sourceOf: SourceOf,
  directory: StepDirectory,
): Promise<PreparedMounts> {
  await using held = new AsyncDisposableStack();
  const preparing = new Preparing(job, state, sourceOf, directory, held);
  // A locked cache is waited for in one order by all: otherwise two could wait for each other.
  const ordered = [...run.mounts].sort((a, b) => lockName(a).localeCompare(lockName(b)));
  for (const mount of ordered) await preparing.add(mount);
  const kept = held.move();
  const mounts = run.mounts.flatMap((mount) => preparing.mounts.get(mount) ?? []);
  return {
    mounts: mounts.sort((a, b) => depth(a.destination) - depth(b.destination)),
    points: preparing.points,
    environment: preparing.environment,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const depth = (path: string): number => path.split("/").length;
const lockName = (mount: RunMount): string => (mount.type === "cache" ? mount.id : "");

class Preparing {
  readonly mounts = new Map<RunMount, ResolvedMount>();
  readonly points: { path: string; directory: boolean }[] = [];
  readonly environment: string[] = [];
  readonly #job: BuildJob;
  readonly #state: StageState;
  readonly #sourceOf: SourceOf;
  readonly #directory: StepDirectory;
  readonly #held: AsyncDisposableStack;
  #count = 0;

  constructor(
    job: BuildJob,
    state: StageState,
    sourceOf: SourceOf,
    directory: StepDirectory,
    held: AsyncDisposableStack,
  ) {
    this.#job = job;
    this.#state = state;
    this.#sourceOf = sourceOf;
    this.#directory = directory;
    this.#held = held;
  }

  async add(mount: RunMount): Promise<void> {
    switch (mount.type) {
      case "bind": {
        const source = await this.#sourceOf.place(mount, this.#held);
        this.#bind(mount, mount.target, source, !mount.writable);
        break;
      }
      case "cache":
        await this.#cache(mount);
        break;
      case "tmpfs":
        this.#tmpfs(mount);
        break;
      case "secret":
        this.#secret(mount);
        break;
      case "ssh":
        await this.#ssh(mount);
        break;
    }
  }

  #bind(mount: RunMount, target: string, source: string, readOnly: boolean): void {
    const destination = this.#target(target);
    this.mounts.set(mount, { type: "bind", source, destination, readOnly });
    const status = lstatIfAny(source);
    this.points.push({ path: destination, directory: status !== undefined && isDirectory(status) });
  }

  async #cache(mount: Extract<RunMount, { type: "cache" }>): Promise<void> {
    const { id, sharing, uid = 0, gid = 0, mode = 0o755, from } = mount;
    const fill = async (target: string): Promise<void> => {
      const source = await this.#sourceOf.place(mount, this.#held);
      await copyDirectory(source, target, this.#job.signal);
    };
    const space = this.#job.options.buildArgs.get("BUILDKIT_CACHE_MOUNT_NS");
    const acquired = await this.#job.services.cacheMounts.acquire(
      {
        id: space ? `${space}/${id}` : id,
        sharing,
        uid,
        gid,
        mode,
        ...(from === undefined ? {} : { fill }),
      },
      this.#job.signal,
    );
    this.#held.defer(() => acquired.release());
    this.#bind(mount, mount.target, acquired.directory, mount.readOnly);
  }

  #tmpfs(mount: Extract<RunMount, { type: "tmpfs" }>): void {
    const destination = this.#target(mount.target);
    const options = mount.size === undefined ? [] : [`size=${mount.size}`];
    this.mounts.set(mount, { type: "tmpfs", destination, options });
    this.points.push({ path: destination, directory: true });
  }

  #secret(mount: Extract<RunMount, { type: "secret" }>): void {
    const value = this.#job.options.secrets.get(mount.id);
    if (value === undefined) {
      if (!mount.required) return;
      throw invalidArgument(
        `secret ${mount.id}: not found: give --secret id=${mount.id},src=FILE to the build`,
      );
    }
    if (mount.env !== undefined) {
      this.environment.push(`${mount.env}=${Buffer.from(value).toString("utf8")}`);
      if (mount.target === undefined) return;
    }
    const source = join(this.#directory.path, `secret-${this.#count++}`);
    writeFileSync(source, value, { mode: 0o400 });
    chownSync(source, mount.uid ?? 0, mount.gid ?? 0);
    chmodSync(source, mount.mode ?? 0o400);
    this.#bind(mount, mount.target ?? `/run/secrets/${mount.id}`, source, true);
  }

  async #ssh(mount: Extract<RunMount, { type: "ssh" }>): Promise<void> {
    const connect = this.#job.options.agent(mount.id);
    if (connect === undefined) {
      if (!mount.required) return;
      throw invalidArgument(
        `no SSH key "${mount.id}" forwarded: give --ssh ${mount.id} to the build`,
      );
    }
    const number = this.#count++;
    const place = join(this.#directory.path, `ssh-${number}`);
    mkdirSync(place, { mode: 0o711 });
    const source = join(place, "agent");
    const server = await listenForAgent(source, connect);
    this.#held.defer(() => void server.close());
    chownSync(source, mount.uid ?? 0, mount.gid ?? 0);
    chmodSync(source, mount.mode ?? 0o600);
    const target = mount.target ?? `/run/berth/ssh_agent.${number}`;
    this.#bind(mount, target, source, false);
    if (!this.environment.some((entry) => entry.startsWith("SSH_AUTH_SOCK="))) {
      this.environment.push(`SSH_AUTH_SOCK=${this.#target(target)}`);
    }
  }

  #target(path: string): string {
    return posix.normalize(fromWorkingDirectory(this.#state.config, path));
  }
}

type Connect = NonNullable<ReturnType<BuildJob["options"]["agent"]>>;

async function listenForAgent(path: string, connect: Connect): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    connect().then(
      (agent) => {
        agent.on("error", () => socket.destroy());
        socket.pipe(agent).pipe(socket);
        socket.once("close", () => agent.destroy());
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}

async function copyDirectory(source: string, target: string, signal: AbortSignal): Promise<void> {
  const tree = new DiskTree(source, { image: true });
  const [selected] = await selectFiles(tree, "/", { exclude: [], parents: false });
  const root = openRoot(target);
  try {
    await writeFiles(root, "", tree, (selected?.items ?? []).slice(1), { signal });
  } finally {
    close(root);
  }
}
