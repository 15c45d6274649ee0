import type { BuildEvent, BuildPosition, BuildVertex } from "../../spec/index.ts";
import { errorMessage } from "../../spec/index.ts";

/** Takes the events of one build, in order; a promise holds back who has more to tell. */
export type EventSink = (event: BuildEvent) => void | Promise<void>;

/** What one step tells of itself. */
export class VertexProgress {
  readonly id: string;
  readonly #sink: EventSink;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #ended = false;

  constructor(id: string, sink: EventSink) {
    this.id = id;
    this.#sink = sink;
  }

  started(): void {
    void this.#sink({ type: "started", vertex: this.id, at: now() });
  }

  cached(): void {
    this.#end("cached");
  }

  finished(): void {
    this.#end("finished");
  }

  cancelled(): void {
    this.#end("cancelled");
  }

  failed(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const message = errorMessage(error);
    void this.#sink({ type: "failed", vertex: this.id, at: now(), message });
  }

  log(stream: "stdout" | "stderr", bytes: Uint8Array): void | Promise<void> {
    const text = this.#decoders[stream].decode(bytes, { stream: true });
    if (text === "") return;
    return this.#sink({ type: "log", vertex: this.id, at: now(), stream, text });
  }

  progress(news: { item: string; status: string; current?: number; total?: number }): void {
    void this.#sink({ type: "progress", vertex: this.id, ...news });
  }

  miss(reason: string): void {
    void this.#sink({ type: "miss", vertex: this.id, reason });
  }

  #end(type: "cached" | "finished" | "cancelled"): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#sink({ type, vertex: this.id, at: now() });
  }
}

/** Numbers the steps of one build and tells of them. */
export class BuildProgress {
  readonly #sink: EventSink;
  #count = 0;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  vertex(
    name: string,
    options: { position?: BuildPosition; inputs?: readonly string[]; internal?: boolean } = {},
  ): VertexProgress {
    const id = String(++this.#count);
    const vertex: BuildVertex = {
      id,
      name,
      inputs: options.inputs ?? [],
      ...(options.position === undefined ? {} : { position: options.position }),
      ...(options.internal === true ? { internal: true } : {}),
    };
    void this.#sink({ type: "vertex", vertex });
    return new VertexProgress(id, this.#sink);
  }

  /** Tells of the builder's own work from its beginning to its end. */
  async during<T>(name: string, work: (vertex: VertexProgress) => Promise<T>): Promise<T> {
    const vertex = this.vertex(name, { internal: true });
    vertex.started();
    try {
      const result = await work(vertex);
      vertex.finished();
      return result;
    } catch (error) {
      vertex.failed(error);
      throw error;
    }
  }

  tell(event: BuildEvent): void | Promise<void> {
    return this.#sink(event);
  }
}

/** RFC 3339. */
export const now = (): string => new Date().toISOString();
