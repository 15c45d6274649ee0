import { Errno, isErrno } from "../linux/errno.ts";
import { closeNamespace, openNetworkNamespace } from "../linux/namespace.ts";
import type { Collection } from "../store/index.ts";
import type { SandboxRecord } from "./network-record.ts";

/** A joined container: its record, and what only this process has of it. */
export interface Sandbox {
  record: SandboxRecord;
  /** Holds the namespace; undefined where it is the host's, or not made yet. */
  fd: number | undefined;
}

/** Good for as long as the sandbox is held; undefined is the host's own namespace. */
export function namespacePath({ fd }: Sandbox): string | undefined {
  return fd === undefined ? undefined : `/proc/${process.pid}/fd/${fd}`;
}

/** Every joined container, in memory; the records behind it are written through. */
export class SandboxTable {
  readonly #records: Collection<SandboxRecord>;
  readonly #sandboxes = new Map<string, Sandbox>();

  constructor(records: Collection<SandboxRecord>) {
    this.#records = records;
  }

  /** Takes in what an earlier daemon has left. */
  load(): void {
    for (const record of this.#records.all()) {
      if (this.#sandboxes.has(record.containerId)) continue;
      this.#sandboxes.set(record.containerId, { record, fd: undefined });
    }
  }

  get(containerId: string): Sandbox | undefined {
    return this.#sandboxes.get(containerId);
  }

  all(): Sandbox[] {
    return [...this.#sandboxes.values()];
  }

  containerIds(): string[] {
    return [...this.#sandboxes.keys()];
  }

  records(): SandboxRecord[] {
    return [...this.#sandboxes.values()].map(({ record }) => record);
  }

  add(record: SandboxRecord): Sandbox {
    const sandbox: Sandbox = { record, fd: undefined };
    this.#records.put(record.containerId, record);
    this.#sandboxes.set(record.containerId, sandbox);
    return sandbox;
  }

  update(sandbox: Sandbox, change: Partial<SandboxRecord>): void {
    sandbox.record = { ...sandbox.record, ...change };
    this.#records.put(sandbox.record.containerId, sandbox.record);
  }

  /** As `update`; its ports lead nowhere from now on. */
  unpublish(sandbox: Sandbox, change: Partial<Omit<SandboxRecord, "publisher">>): void {
    const { publisher: _, ...record } = sandbox.record;
    sandbox.record = record;
    this.update(sandbox, { ...change, published: [] });
  }

  /** Forgets it and lets go of its namespace. */
  remove({ record, fd }: Sandbox): void {
    this.#sandboxes.delete(record.containerId);
    this.#records.delete(record.containerId);
    if (fd !== undefined) closeNamespace(fd);
  }

  /** Finds a surviving container's namespace again; false when its process is gone. */
  reopen(sandbox: Sandbox, pid: number): boolean {
    if (sandbox.record.mode === "host" || sandbox.fd !== undefined) return true;
    try {
      sandbox.fd = openNetworkNamespace(`/proc/${pid}/ns/net`);
      return true;
    } catch (error) {
      if (isErrno(error, Errno.ENOENT, Errno.ESRCH)) return false;
      throw error;
    }
  }

  /** Lets go of every namespace; the records stay. */
  close(): void {
    for (const { fd } of this.#sandboxes.values()) if (fd !== undefined) closeNamespace(fd);
    this.#sandboxes.clear();
  }
}
