import type { ContainerId, ContainerWaitCondition, ExecId } from "../../spec/index.ts";
import type { Exec } from "../exec/exec.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import { OperationLock } from "./operation-lock.ts";
import { RestartBackoff } from "./restart-policy.ts";

/** How a wait ends. `error` tells why a container never ran. */
export interface WaitResult {
  exitCode: number;
  error?: string;
}

interface Waiter {
  condition: ContainerWaitCondition;
  resolve(result: WaitResult): void;
}

/**
 * A container in the daemon's memory: its record, and what lives only as long as the daemon. Verbs change
 * the record and then `save` it; nothing else writes it.
 */
export class Container {
  readonly record: ContainerRecord;
  readonly lock = new OperationLock();
  readonly backoff = new RestartBackoff();
  readonly execs = new Map<ExecId, Exec>();
  /** End the streams of clients that wait for the next run, for when it will never come. */
  readonly attachments = new Set<() => void>();
  health: HealthMonitor | undefined;
  /** Calls off the restart that the policy has scheduled. */
  cancelRestart: (() => void) | undefined;
  /** A user's `restart` is under way: neither policy nor `--rm` reacts to the exit. */
  restartingByUser = false;
  /** Stops watching for OOM kills. */
  stopOomWatch: (() => void) | undefined;
  /** A user removes it: others who try are told so. */
  removalUnderWay = false;
  /** Its last end is not stored, as on a full disk: the supervisor must not forget it yet. */
  hasUnstoredEnd = false;
  /** Gone from the registry. */
  removed = false;
  readonly #save: (record: ContainerRecord) => void;
  readonly #waiters = new Set<Waiter>();

  constructor(record: ContainerRecord, save: (record: ContainerRecord) => void) {
    this.record = record;
    this.#save = save;
  }

  get id(): ContainerId {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** As Docker means it: also paused, and waiting for a restart by the policy. */
  get running(): boolean {
    const { status } = this.record.state;
    return status === "running" || status === "paused" || status === "restarting";
  }

  /** Is there a process? */
  get alive(): boolean {
    const { status } = this.record.state;
    return status === "running" || status === "paused";
  }

  get paused(): boolean {
    return this.record.state.status === "paused";
  }

  get removing(): boolean {
    return this.record.state.status === "removing" || this.record.state.status === "dead";
  }

  /** Persists the record; it survives the death of the daemon when this returns. */
  save(): void {
    this.#save(this.record);
    this.hasUnstoredEnd = false;
  }

  /** Resolves when the condition holds; at once where it already does, except for `next-exit`. */
  wait(condition: ContainerWaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    const now = this.#holds(condition);
    if (now !== undefined) return Promise.resolve(now);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { condition, resolve };
      this.#waiters.add(waiter);
      signal?.addEventListener(
        "abort",
        () => {
          if (this.#waiters.delete(waiter)) reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Tells those who wait for the end of a run. */
  notifyExit(): void {
    this.#notify((condition) => condition !== "removed");
  }

  notifyHealthy(): void {
    this.#notify((condition) => condition === "healthy", { exitCode: 0 });
  }

  /** It has ended, but is still there, and why. */
  notifyRemovalFailed(error: string): void {
    this.#notify((condition) => condition === "removed", { error });
  }

  /** Also ends every other wait: nothing more will happen. */
  notifyRemoved(): void {
    this.removed = true;
    this.#notify(() => true);
    this.endAttachments();
  }

  endAttachments(): void {
    for (const end of this.attachments) end();
    this.attachments.clear();
  }

  #holds(condition: ContainerWaitCondition): WaitResult | undefined {
    const { state } = this.record;
    const result = this.#result();
    if (this.removed) return result;
    if (condition === "not-running" && !this.running) return result;
    if (condition === "healthy") {
      if (state.health?.Status === "healthy" && this.alive) return { exitCode: 0 };
      if (state.status === "exited" || state.status === "dead") return result;
    }
    return undefined;
  }

  #notify(
    concerns: (condition: ContainerWaitCondition) => boolean,
    result: Partial<WaitResult> = {},
  ): void {
    for (const waiter of this.#waiters) {
      if (!concerns(waiter.condition)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve({ ...this.#result(), ...result });
    }
  }

  #result(): WaitResult {
    const { exitCode, error } = this.record.state;
    return error === "" ? { exitCode } : { exitCode, error };
  }
}
