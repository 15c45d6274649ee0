import type { ProgressMessage } from "../../spec/index.ts";
import { progressBar } from "./progress-bar.ts";

/** Two messages about the progress of one thing are at least this far apart. Milliseconds. */
const PROGRESS_INTERVAL = 100;

/**
 * Carries messages from work that runs in parallel to one reader. A reader that is slow finds the newest
 * progress of each thing, not all that it has missed, so the queue stays small.
 */
export class ProgressQueue {
  private readonly messages: ProgressMessage[] = [];
  private readonly lastProgress = new Map<string, number>();
  private wake: (() => void) | undefined;
  private ended = false;
  private failure: { error: unknown } | undefined;

  push(message: ProgressMessage): void {
    this.messages.push(message);
    this.wake?.();
  }

  status(id: string, status: string): void {
    this.push({ id, status, progressDetail: {} });
  }

  /** `status` with how far it has come, in bytes. Dropped while the last one is fresh. */
  progress(id: string, status: string, current: number, total: number): void {
    const now = performance.now();
    const key = `${status} ${id}`;
    const last = this.lastProgress.get(key);
    if (last !== undefined && now - last < PROGRESS_INTERVAL && current < total) return;
    this.lastProgress.set(key, now);
    const detail = { current, total };
    const message = { id, status, progressDetail: detail, progress: progressBar(current, total) };
    const waiting = this.messages.findIndex((one) => one.id === id && one.status === status);
    if (waiting >= 0) this.messages[waiting] = message;
    else this.push(message);
  }

  /**
   * Runs `work` and yields what it says until it ends; throws what it throws, after its last message.
   * When the reader leaves or `signal` aborts, the work's own signal aborts, and the work is awaited.
   */
  static async *run(
    work: (queue: ProgressQueue, signal: AbortSignal) => Promise<void>,
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage> {
    const queue = new ProgressQueue();
    const aborter = new AbortController();
    const joined =
      signal === undefined ? aborter.signal : AbortSignal.any([signal, aborter.signal]);
    const running = work(queue, joined).then(
      () => queue.end(),
      (error: unknown) => queue.end({ error }),
    );
    try {
      yield* queue.read();
    } finally {
      if (!queue.ended) aborter.abort(new DOMException("The client went away", "AbortError"));
      await running;
    }
  }

  private end(failure?: { error: unknown }): void {
    this.ended = true;
    this.failure = failure;
    this.wake?.();
  }

  private async *read(): AsyncGenerator<ProgressMessage> {
    for (;;) {
      const message = this.messages.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      if (this.failure !== undefined) throw this.failure.error;
      if (this.ended) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.wake = resolve;
      await promise;
      this.wake = undefined;
    }
  }
}
