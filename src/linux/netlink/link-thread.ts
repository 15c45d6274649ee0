import { SyscallError } from "../errno.ts";
import { selfWorker } from "../self-worker.ts";
import type { LinkOperations } from "./link-operations.ts";
import type { LinkAnswer, LinkCall, LinkOperationName } from "./link-protocol.ts";

type Parameters_<Name extends LinkOperationName> = Parameters<LinkOperations[Name]>;
type Result<Name extends LinkOperationName> = ReturnType<LinkOperations[Name]>;

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

function toError(answer: LinkAnswer & { ok: false }): Error {
  const { syscall, errno, path, message } = answer;
  if (syscall !== undefined && errno !== undefined) return new SyscallError(syscall, errno, path);
  return new Error(message);
}

/**
 * `LinkOperations` on their own thread; calls are carried out in the order in which they are made.
 * The thread is in the network namespace that its maker was in.
 */
export class LinkThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #dead: Error | undefined;

  constructor() {
    this.#worker = new Worker(selfWorker("src/linux/netlink/link.worker.ts"));
    this.#worker.onmessage = (event: MessageEvent<LinkAnswer>) => this.#settle(event.data);
    this.#worker.onerror = (event) => this.#die(new Error(`link thread: ${event.message}`));
    this.#worker.addEventListener("close", () => this.#die(new Error("link thread: ended")));
  }

  call<Name extends LinkOperationName>(
    operation: Name,
    ...args: Parameters_<Name>
  ): Promise<Result<Name>> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      const call: LinkCall = { id, operation, arguments: args };
      this.#worker.postMessage(call);
    }) as Promise<Result<Name>>;
  }

  /** Calls that are under way are answered with an error. */
  close(): void {
    this.#die(new Error("link thread: closed"));
    this.#worker.terminate();
  }

  #settle(answer: LinkAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.ok) pending?.resolve(answer.result);
    else pending?.reject(toError(answer));
  }

  #die(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
