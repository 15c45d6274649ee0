import type { BuildEvent, ProgressMessage } from "../../spec/index.ts";

/** What a step may have to say before it is its turn. Characters. */
const AHEAD = 256 * 1024;

interface ShownStep {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly waiting: ProgressMessage[];
  size: number;
  begun: boolean;
  ended: boolean;
  room: PromiseWithResolvers<void> | undefined;
}

/**
 * A build's events in the words of Docker's classic builder, one step after the other as the Dockerfile has
 * them: what runs beside the step that is shown waits for its turn.
 */
export class ClassicOutput {
  readonly #send: (message: ProgressMessage) => void | Promise<void>;
  readonly #steps = new Map<string, ShownStep>();
  /** Steps that have not ended, in the order in which they are shown; the first is shown now. */
  #order: ShownStep[] = [];

  constructor(send: (message: ProgressMessage) => void | Promise<void>) {
    this.#send = send;
  }

  take(event: BuildEvent): void | Promise<void> {
    if (event.type === "vertex") return this.#add(event.vertex);
    if (event.type === "warning") return this.#send({ stream: `[Warning] ${event.message}\n` });
    const step = "vertex" in event ? this.#steps.get(event.vertex) : undefined;
    if (step === undefined) return;
    switch (event.type) {
      case "started":
        return this.#begin(step);
      case "cached":
        void this.#begin(step);
        void this.#say(step, { stream: " ---> Using cache\n" });
        return this.#end(step);
      case "finished":
        void this.#begin(step);
        return this.#end(step);
      case "failed":
      case "cancelled":
        return this.#end(step);
      case "log":
        return this.#say(step, { stream: event.text });
      case "progress":
        return this.#say(step, toProgress(event));
    }
  }

  /** The build ends: nobody waits for a turn any more. */
  release(): void {
    for (const step of this.#steps.values()) this.#flush(step);
  }

  #add({ id, name }: { id: string; name: string }): void {
    const step: ShownStep = {
      id,
      name: name.replace(/^\[[^\]]*\] /, ""),
      number: this.#steps.size + 1,
      waiting: [],
      size: 0,
      begun: false,
      ended: false,
      room: undefined,
    };
    this.#steps.set(id, step);
    this.#order.push(step);
  }

  #begin(step: ShownStep): void | Promise<void> {
    if (step.begun || step.ended) return;
    step.begun = true;
    return this.#say(step, { stream: `Step ${step.number}/${this.#steps.size} : ${step.name}\n` });
  }

  #say(step: ShownStep, message: ProgressMessage): void | Promise<void> {
    if (this.#order[0] === step || step.ended) return this.#send(message);
    step.waiting.push(message);
    step.size += (message.stream?.length ?? 0) + 50;
    if (step.size < AHEAD) return;
    const [first] = this.#order;
    // What is shown may be waiting for this very step.
    if (first?.begun !== true) return this.#show(step);
    step.room ??= Promise.withResolvers<void>();
    return step.room.promise;
  }

  #show(step: ShownStep): void {
    this.#order = [step, ...this.#order.filter((each) => each !== step)];
    this.#flush(step);
  }

  #end(step: ShownStep): void {
    step.ended = true;
    // The step, those behind it that have ended too, and the first that goes on.
    for (let [first] = this.#order; first !== undefined; [first] = this.#order) {
      this.#flush(first);
      if (!first.ended) return;
      this.#order.shift();
    }
  }

  #flush(step: ShownStep): void {
    for (const message of step.waiting.splice(0)) void this.#send(message);
    step.size = 0;
    step.room?.resolve();
    step.room = undefined;
  }
}

function toProgress(event: Extract<BuildEvent, { type: "progress" }>): ProgressMessage {
  const { item, status, current, total } = event;
  const progressDetail = {
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
  };
  return { status, progressDetail, ...(item === "" ? {} : { id: item }) };
}
