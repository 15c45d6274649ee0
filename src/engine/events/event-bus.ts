import { EngineError, type EventMessage, type EventsOptions } from "../../spec/index.ts";
import type { Clock } from "../clock.ts";
import { matchesEvent } from "./event-filter.ts";

/** What a publisher gives; time and the old spellings are added here. */
export interface NewEvent {
  type: EventMessage["Type"];
  action: string;
  id: string;
  attributes: Record<string, string>;
}

export interface EventBusLimits {
  /** Events kept for `since`. */
  history?: number;
  /** Events that may wait for one slow subscriber before it is cut off. */
  backlog?: number;
}

type Listener = (event: EventMessage) => void;

/** What happens in the engine, in order: kept in a ring for late comers and told to subscribers. */
export class EventBus {
  readonly #clock: Clock;
  readonly #history: number;
  readonly #backlog: number;
  /** With the exact time: `timeNano` is a double, which rounds. */
  readonly #ring: { at: bigint; event: EventMessage }[] = [];
  readonly #listeners = new Set<Listener>();

  constructor(clock: Clock, limits: EventBusLimits = {}) {
    this.#clock = clock;
    this.#history = limits.history ?? 1024;
    this.#backlog = limits.backlog ?? 16_384;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  publish({ type, action, id, attributes }: NewEvent): void {
    const nano = this.#clock.nanoseconds();
    const event: EventMessage = {
      ...(type === "container" || type === "image" ? { status: action } : {}),
      ...((type === "container" || type === "image") && id !== "" ? { id } : {}),
      ...(type === "container" && "image" in attributes ? { from: attributes["image"] } : {}),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: "local",
      time: Number(nano / 1_000_000_000n),
      timeNano: Number(nano),
    };
    this.#ring.push({ at: nano, event });
    if (this.#ring.length > this.#history) this.#ring.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /**
   * Past events from `since` on, then those to come, until `until`, the signal or the end of the loop.
   * Subscribed when called, not when first read: nothing between is missed. A subscriber that lags too
   * far behind is cut off with `unavailable`, so that it learns that it has missed some.
   */
  subscribe(options: EventsOptions, signal: AbortSignal): AsyncIterableIterator<EventMessage> {
    const queue = new EventQueue(this.#backlog);
    const passes = (event: EventMessage) => matchesEvent(event, options.filters);
    const { since, until } = options;
    if (since !== undefined) {
      for (const { at, event } of this.#ring) {
        if (at >= since && (until === undefined || at <= until) && passes(event)) queue.push(event);
      }
    }
    const remaining =
      until === undefined ? undefined : Number(until - this.#clock.nanoseconds()) / 1e6;
    if (signal.aborted || (remaining !== undefined && remaining <= 0)) queue.close();
    else this.#follow(queue, passes, remaining, signal);
    return queue;
  }

  #follow(
    queue: EventQueue,
    passes: (event: EventMessage) => boolean,
    remaining: number | undefined,
    signal: AbortSignal,
  ): void {
    const listener: Listener = (event) => {
      if (passes(event)) queue.push(event);
    };
    const close = () => queue.close();
    const cancelTimer =
      remaining === undefined
        ? undefined
        : this.#clock.after(Math.min(remaining, 2 ** 31 - 1), close);
    this.#listeners.add(listener);
    signal.addEventListener("abort", close, { once: true });
    queue.onClose = () => {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", close);
      cancelTimer?.();
    };
  }
}

class EventQueue implements AsyncIterableIterator<EventMessage> {
  onClose: () => void = () => {};
  readonly #limit: number;
  #events: EventMessage[] = [];
  #closed = false;
  #overrun = false;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(event: EventMessage): void {
    if (this.#closed) return;
    if (this.#events.length >= this.#limit) {
      this.#overrun = true;
      this.close();
      return;
    }
    this.#events.push(event);
    this.#wake?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose();
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<EventMessage>> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return { value: event, done: false };
      if (this.#overrun) {
        this.#overrun = false;
        throw new EngineError(
          "unavailable",
          "Cannot go on with the events: the client is too slow",
        );
      }
      if (this.#closed) return { value: undefined, done: true };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<EventMessage>> {
    this.#events = [];
    this.close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
