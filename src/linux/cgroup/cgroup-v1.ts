import { closeSync, existsSync, openSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { RuntimeResources } from "../../spec/index.ts";
import type { Cgroup } from "./cgroup.ts";
import {
  parseKeyed,
  processesIn,
  readCgroupFile,
  readCgroupNumber,
  removeCgroupTree,
  writeCgroupFile,
} from "./cgroup-file.ts";
import type { CgroupHost } from "./cgroup-host.ts";
import { applyLimits, limitsOfV1 } from "./cgroup-limits.ts";
import { type CgroupStats, statsOfV1 } from "./cgroup-stats.ts";
import { EventCounter } from "./event-counter.ts";
import { killOneByOne } from "./kill-cgroup.ts";

const TIMEOUT_MS = 10_000;
/** v1 tells nobody when a state is reached: looking again after this long, milliseconds. */
const LOOK_AGAIN_MS = 2;

/** A container's cgroups on a host with cgroup v1, one per hierarchy, and the one in v2 on a hybrid host. */
export class CgroupV1 implements Cgroup {
  readonly path: string;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #unified: string | undefined;

  constructor(host: CgroupHost, path: string) {
    this.path = path;
    this.#folders = new Map([...host.v1].map(([name, mount]) => [name, join(mount, path)]));
    this.#unified = host.unified === undefined ? undefined : join(host.unified, path);
  }

  exists(): boolean {
    return [...this.#folders.values()].some((folder) => existsSync(folder));
  }

  pids(): number[] {
    const folder = this.#folder("pids") ?? this.#folder("freezer") ?? this.#folder("memory");
    return folder === undefined ? [] : processesIn(folder);
  }

  async freeze(timeoutMs = TIMEOUT_MS): Promise<void> {
    const folder = this.#need("freezer");
    const deadline = performance.now() + timeoutMs;
    // A process that forks meanwhile makes the kernel stop half-way: writing again goes on with it.
    while (!this.frozen()) {
      if (performance.now() > deadline) {
        writeCgroupFile(folder, "freezer.state", "THAWED");
        throw new Error(`Cannot freeze "${this.path}": not frozen after ${timeoutMs} ms`);
      }
      writeCgroupFile(folder, "freezer.state", "FROZEN");
      if (!this.frozen()) await Bun.sleep(LOOK_AGAIN_MS);
    }
  }

  async thaw(): Promise<void> {
    const folder = this.#folder("freezer");
    if (folder === undefined || !existsSync(folder)) return;
    writeCgroupFile(folder, "freezer.state", "THAWED");
  }

  frozen(): boolean {
    return this.#read("freezer", "freezer.state")?.trim() === "FROZEN";
  }

  stats(): CgroupStats {
    return statsOfV1((controller, file) => this.#read(controller, file), totalmem());
  }

  update(resources: RuntimeResources): void {
    const memory = this.#folder("memory");
    const present = {
      memory: memory === undefined ? undefined : readCgroupNumber(memory, "memory.limit_in_bytes"),
    };
    applyLimits(limitsOfV1(resources, present), (controller) => this.#folder(controller));
  }

  oomKills(): number {
    return parseKeyed(this.#read("memory", "memory.oom_control"))["oom_kill"] ?? 0;
  }

  watchOom(listener: () => void): () => void {
    const folder = this.#folder("memory");
    if (folder === undefined || !existsSync(join(folder, "memory.oom_control"))) {
      return () => undefined;
    }
    const counter = new EventCounter(() => {
      // The counter also moves when the cgroup is removed.
      if (existsSync(folder)) listener();
    });
    const control = openSync(join(folder, "memory.oom_control"), "r");
    try {
      writeCgroupFile(folder, "cgroup.event_control", `${counter.fd} ${control}`);
    } catch (error) {
      counter.close();
      throw error;
    } finally {
      closeSync(control);
    }
    return () => counter.close();
  }

  async killAll(): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (this.pids().length > 0) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot empty cgroup "${this.path}": processes do not end`);
      }
      await this.#killRound();
      if (this.pids().length > 0) await Bun.sleep(LOOK_AGAIN_MS);
    }
  }

  async remove(): Promise<void> {
    if (this.#removeFolders()) return;
    await this.killAll();
    // The last process leaves its cgroups a moment after it is gone from cgroup.procs.
    const deadline = performance.now() + TIMEOUT_MS;
    while (!this.#removeFolders()) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot remove cgroup "${this.path}": it is still in use`);
      }
      // Whoever was only half moved in is in some of the hierarchies, not in the one that pids() reads.
      for (const folder of this.#allFolders()) killOneByOne(() => processesIn(folder));
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  }

  /** Frozen, nothing can fork before its signal arrives. */
  async #killRound(): Promise<void> {
    const unifiedKill = this.#unified && join(this.#unified, "cgroup.kill");
    if (this.#unified && unifiedKill && existsSync(unifiedKill)) {
      writeCgroupFile(this.#unified, "cgroup.kill", "1");
    }
    const freezer = this.#folder("freezer");
    if (freezer !== undefined && existsSync(freezer)) {
      writeCgroupFile(freezer, "freezer.state", "FROZEN");
    }
    killOneByOne(() => this.pids());
    await this.thaw();
  }

  #removeFolders(): boolean {
    return [...this.#allFolders()].map(removeCgroupTree).every(Boolean);
  }

  #allFolders(): Set<string> {
    const folders = new Set(this.#folders.values());
    if (this.#unified !== undefined) folders.add(this.#unified);
    return folders;
  }

  #folder(controller: string): string | undefined {
    return this.#folders.get(controller);
  }

  #need(controller: string): string {
    const folder = this.#folder(controller);
    if (folder === undefined) throw new Error(`the ${controller} controller is not mounted`);
    return folder;
  }

  #read(controller: string, file: string): string | undefined {
    const folder = this.#folder(controller);
    return folder === undefined ? undefined : readCgroupFile(folder, file);
  }
}
