import { existsSync, watch } from "node:fs";
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
import { applyLimits, limitsOfV2 } from "./cgroup-limits.ts";
import { type CgroupStats, statsOfV2 } from "./cgroup-stats.ts";
import { waitForEvent } from "./event-file.ts";
import { killOneByOne } from "./kill-cgroup.ts";

const TIMEOUT_MS = 10_000;

/** A container's cgroup on a host with cgroup v2 alone, and the v2 part of one on a hybrid host. */
export class CgroupV2 implements Cgroup {
  readonly path: string;
  readonly #folder: string;

  constructor(mountPoint: string, path: string) {
    this.path = path;
    this.#folder = join(mountPoint, path);
  }

  exists(): boolean {
    return existsSync(this.#folder);
  }

  pids(): number[] {
    return processesIn(this.#folder);
  }

  async freeze(timeoutMs = TIMEOUT_MS): Promise<void> {
    writeCgroupFile(this.#folder, "cgroup.freeze", "1");
    if (await this.#waitFor(() => this.#event("frozen") !== 0, timeoutMs)) return;
    writeCgroupFile(this.#folder, "cgroup.freeze", "0");
    throw new Error(`Cannot freeze "${this.path}": not frozen after ${timeoutMs} ms`);
  }

  async thaw(): Promise<void> {
    if (!this.exists()) return;
    writeCgroupFile(this.#folder, "cgroup.freeze", "0");
    await this.#waitFor(() => this.#event("frozen") !== 1, TIMEOUT_MS);
  }

  frozen(): boolean {
    return this.#event("frozen") === 1;
  }

  stats(): CgroupStats {
    return statsOfV2((_, file) => readCgroupFile(this.#folder, file), totalmem());
  }

  update(resources: RuntimeResources): void {
    const present = { memory: readCgroupNumber(this.#folder, "memory.max") };
    applyLimits(limitsOfV2(resources, present), () => this.#folder);
  }

  oomKills(): number {
    return parseKeyed(readCgroupFile(this.#folder, "memory.events"))["oom_kill"] ?? 0;
  }

  watchOom(listener: () => void): () => void {
    const file = join(this.#folder, "memory.events");
    if (!existsSync(file)) return () => undefined;
    let seen = this.oomKills();
    const watcher = watch(file, () => {
      const kills = this.oomKills();
      if (kills > seen) listener();
      seen = kills;
    });
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  }

  async killAll(): Promise<void> {
    if (!this.exists()) return;
    // Since Linux 5.14; nothing can fork its way out of it.
    if (existsSync(join(this.#folder, "cgroup.kill"))) {
      writeCgroupFile(this.#folder, "cgroup.kill", "1");
    } else killOneByOne(() => this.pids());
    if (await this.#waitFor(() => this.#event("populated") !== 1, TIMEOUT_MS)) return;
    throw new Error(`Cannot empty cgroup "${this.path}": processes do not end`);
  }

  async remove(): Promise<void> {
    if (removeCgroupTree(this.#folder)) return;
    await this.killAll();
    if (!removeCgroupTree(this.#folder)) {
      throw new Error(`Cannot remove cgroup "${this.path}": it is still in use`);
    }
  }

  /** Of cgroup.events: `populated`, `frozen`; undefined when the cgroup is gone. */
  #event(name: string): number | undefined {
    return parseKeyed(readCgroupFile(this.#folder, "cgroup.events"))[name];
  }

  #waitFor(done: () => boolean, timeoutMs: number): Promise<boolean> {
    return waitForEvent(join(this.#folder, "cgroup.events"), done, timeoutMs);
  }
}
