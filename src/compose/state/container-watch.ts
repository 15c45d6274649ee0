import type { EngineClient } from "../../client/index.ts";
import type { ContainerInspect, EventMessage } from "../../spec/index.ts";
import { LABEL } from "../model/labels.ts";

/**
 * Follows the events of a project's containers, so that waiting for a state needs no polling. Open it
 * before whatever is waited for can happen; close it in the end.
 */
export class ContainerWatch {
  readonly #client: EngineClient;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(event: EventMessage) => void>();
  #failure: Error | undefined;

  private constructor(client: EngineClient) {
    this.#client = client;
  }

  static async open(client: EngineClient, project: string): Promise<ContainerWatch> {
    const watch = new ContainerWatch(client);
    const filters = { type: ["container"], label: [`${LABEL.project}=${project}`] };
    const events = await client.system.events({ filters }, watch.#abort.signal);
    void watch.#follow(events);
    return watch;
  }

  async #follow(events: AsyncIterable<EventMessage>): Promise<void> {
    try {
      for await (const event of events)
        for (const listener of [...this.#listeners]) listener(event);
      this.#failure = new Error("the engine ended its stream of events");
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    for (const listener of [...this.#listeners]) listener(END);
  }

  /** Calls back for each event until the returned function is called. */
  listen(listener: (event: EventMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves with what `judge` makes of the container, looked at now and after each of its events;
   * undefined means "not yet". A throw of `judge` ends the waiting.
   */
  async until<T>(id: string, judge: (container: ContainerInspect) => T | undefined): Promise<T> {
    let pending = Promise.withResolvers<void>();
    const stop = this.listen((event) => {
      if (event === END || event.Actor.ID === id) pending.resolve();
    });
    try {
      for (;;) {
        const verdict = judge(await this.#client.containers.inspect(id));
        if (verdict !== undefined) return verdict;
        if (this.#failure !== undefined) throw this.#failure;
        await pending.promise;
        pending = Promise.withResolvers();
      }
    } finally {
      stop();
    }
  }

  close(): void {
    this.#abort.abort();
    this.#listeners.clear();
  }
}

const END = { Type: "", Action: "", Actor: { ID: "", Attributes: {} } } as unknown as EventMessage;
