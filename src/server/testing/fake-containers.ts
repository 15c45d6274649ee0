import { once } from "node:events";
import type { Duplex } from "node:stream";
import {
  type ContainerConfig,
  type ContainerInspect,
  type ContainerState,
  type ContainerStats,
  type ContainerSummary,
  type ContainerWaitResponse,
  conflict,
  EngineError,
  encodeFrame,
  type HostConfig,
  notFound,
  randomId,
  StreamNumber,
} from "../../spec/index.ts";
import type { ContainerBackend, LogSession, StreamSession } from "../routers/containers/backend.ts";

interface FakeContainer {
  id: string;
  name: string;
  config: Partial<ContainerConfig>;
  running: boolean;
  exitCode: number;
  exited: PromiseWithResolvers<ContainerWaitResponse>;
}

/** Containers that echo their stdin and exit when it ends. Every call is written down in `calls`. */
export class FakeContainers implements ContainerBackend {
  readonly calls: [string, ...unknown[]][] = [];
  readonly #containers = new Map<string, FakeContainer>();
  /** Streams whose client's going has been noticed. */
  aborted = 0;

  find(ref: string): FakeContainer {
    const name = ref.replace(/^\//, "");
    for (const container of this.#containers.values()) {
      if (container.name === name || container.id.startsWith(name)) return container;
    }
    throw notFound(`No such container: ${ref}`);
  }

  async list(options: Parameters<ContainerBackend["list"]>[0]): Promise<ContainerSummary[]> {
    this.calls.push(["list", options]);
    return [...this.#containers.values()].map((container) => ({
      Id: container.id,
      Names: [`/${container.name}`],
      Image: container.config.Image ?? "",
      ImageID: `sha256:${"a".repeat(64)}`,
      Command: (container.config.Cmd ?? []).join(" "),
      Created: 1_700_000_000,
      Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" as const }],
      Labels: container.config.Labels ?? {},
      State: container.running ? ("running" as const) : ("exited" as const),
      Status: container.running ? "Up 3 seconds" : "Exited (0) 3 seconds ago",
      HostConfig: { NetworkMode: "bridge", Annotations: { a: "b" } },
      NetworkSettings: { Networks: {} },
      Mounts: [],
    }));
  }

  async inspect(ref: string): Promise<ContainerInspect> {
    const container = this.find(ref);
    const state: Partial<ContainerState> = {
      Status: container.running ? "running" : "exited",
      Running: container.running,
      ExitCode: container.exitCode,
    };
    return {
      Id: container.id,
      Name: `/${container.name}`,
      State: state as ContainerState,
      Config: { Env: [], Cmd: [], Labels: {}, ...container.config } as ContainerConfig,
      HostConfig: { NetworkMode: "bridge" } as HostConfig,
      NetworkSettings: { SandboxID: "", SandboxKey: "", Ports: {}, Networks: {} },
    } as unknown as ContainerInspect;
  }

  async create(...[request, options]: Parameters<ContainerBackend["create"]>) {
    this.calls.push(["create", request, options]);
    if (request.Image === "missing") throw notFound("No such image: missing:latest");
    const name = options.name ?? "quirky_fermi";
    if ([...this.#containers.values()].some((other) => other.name === name)) {
      throw conflict(`Conflict. The container name "/${name}" is already in use by container "x".`);
    }
    const id: string = randomId();
    this.#containers.set(id, {
      id,
      name,
      config: request,
      running: false,
      exitCode: 0,
      exited: Promise.withResolvers(),
    });
    return { Id: id, Warnings: [] };
  }

  async start(ref: string): Promise<void> {
    const container = this.find(ref);
    if (container.running) throw new EngineError("not-modified", "");
    container.running = true;
  }

  async stop(...[ref, options]: Parameters<ContainerBackend["stop"]>): Promise<void> {
    this.calls.push(["stop", options]);
    this.#exit(this.find(ref), 137);
  }

  async restart(...[ref, options]: Parameters<ContainerBackend["restart"]>): Promise<void> {
    this.calls.push(["restart", options]);
    this.find(ref).running = true;
  }

  async kill(ref: string, signal: string): Promise<void> {
    this.calls.push(["kill", signal]);
    const container = this.find(ref);
    if (!container.running) throw conflict(`container ${container.id} is not running`);
    this.#exit(container, 137);
  }

  async pause(ref: string): Promise<void> {
    this.find(ref);
  }

  async unpause(ref: string): Promise<void> {
    this.find(ref);
  }

  async rename(ref: string, newName: string): Promise<void> {
    this.find(ref).name = newName;
  }

  async remove(...[ref, options]: Parameters<ContainerBackend["remove"]>): Promise<void> {
    this.calls.push(["remove", options]);
    const container = this.find(ref);
    this.#exit(container, 137);
    this.#containers.delete(container.id);
  }

  async prune(filters: Parameters<ContainerBackend["prune"]>[0]) {
    this.calls.push(["prune", filters]);
    return { ContainersDeleted: null, SpaceReclaimed: 0 };
  }

  async update(...[ref, request]: Parameters<ContainerBackend["update"]>) {
    this.find(ref);
    this.calls.push(["update", request]);
    return { Warnings: null };
  }

  async resize(...[ref, size]: Parameters<ContainerBackend["resize"]>): Promise<void> {
    this.find(ref);
    this.calls.push(["resize", size]);
  }

  async wait(...[ref, condition, signal]: Parameters<ContainerBackend["wait"]>) {
    this.calls.push(["wait", condition]);
    signal.addEventListener("abort", () => {
      this.aborted++;
    });
    return { result: this.find(ref).exited.promise };
  }

  async attach(...[ref, options]: Parameters<ContainerBackend["attach"]>): Promise<StreamSession> {
    const container = this.find(ref);
    this.calls.push(["attach", options]);
    const tty = container.config.Tty === true;
    return {
      tty,
      run: async (client) => {
        await echo(client, tty);
        this.#exit(container, 3);
      },
    };
  }

  async logs(...[ref, options, signal]: Parameters<ContainerBackend["logs"]>): Promise<LogSession> {
    const container = this.find(ref);
    this.calls.push(["logs", options]);
    const tty = container.config.Tty === true;
    const lines = Number(container.config.Labels?.["lines"] ?? 3);
    const fake = this;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let line = 0; line < lines; line++) {
        const text = Buffer.from(`line ${line}\n`);
        yield tty ? text : stdoutFrame(text);
      }
      if (!options.follow) return;
      await aborted(signal);
      fake.aborted++;
    }
    return { tty, chunks: chunks() };
  }

  async top(...[ref, psArgs]: Parameters<ContainerBackend["top"]>) {
    this.find(ref);
    this.calls.push(["top", psArgs]);
    return { Titles: ["PID", "CMD"], Processes: [["1", "sh"]] };
  }

  async stats(...[ref, options, signal]: Parameters<ContainerBackend["stats"]>) {
    const container = this.find(ref);
    this.calls.push(["stats", options]);
    const sample = { id: container.id, name: `/${container.name}` } as ContainerStats;
    async function* samples(): AsyncGenerator<ContainerStats> {
      yield sample;
      if (!options.stream) return;
      yield sample;
      await aborted(signal);
    }
    return samples();
  }

  async changes(ref: string) {
    this.find(ref);
    return [{ Path: "/etc", Kind: 0 as const }];
  }

  async export(ref: string) {
    this.find(ref);
    return repeat(Buffer.alloc(64 * 1024, 7), 64);
  }

  async statPath(ref: string, path: string) {
    this.find(ref);
    return { name: path, size: 3, mode: 0o644, mtime: "2024-01-01T00:00:00Z", linkTarget: "" };
  }

  async getArchive(ref: string, path: string) {
    return { stat: await this.statPath(ref, path), tar: repeat(Buffer.from("tar"), 1) };
  }

  async *copyLocally(...[ref, request]: Parameters<ContainerBackend["copyLocally"]>) {
    this.calls.push(["copyLocally", ref, request.hostPath]);
    yield { Bytes: 0 };
  }

  async putArchive(...[ref, path, , tar]: Parameters<ContainerBackend["putArchive"]>) {
    this.find(ref);
    let size = 0;
    for await (const chunk of tar) size += chunk.length;
    this.calls.push(["putArchive", path, size]);
  }

  #exit(container: FakeContainer, code: number): void {
    container.running = false;
    container.exitCode = code;
    container.exited.resolve({ StatusCode: code });
  }
}

const stdoutFrame = (bytes: Uint8Array): Uint8Array => encodeFrame(StreamNumber.stdout, bytes);

/** Sends back what comes in until it ends, then `bye`. */
export async function echo(client: Duplex, tty: boolean): Promise<void> {
  const send = async (bytes: Uint8Array): Promise<void> => {
    if (client.destroyed || client.write(tty ? bytes : stdoutFrame(bytes))) return;
    const settled = new AbortController();
    const { signal } = settled;
    const events = [once(client, "drain", { signal }), once(client, "close", { signal })];
    await Promise.race(events).finally(() => {
      settled.abort();
      return Promise.allSettled(events);
    });
  };
  for await (const chunk of client.iterator({ destroyOnReturn: false })) await send(chunk);
  await send(Buffer.from("bye\n"));
}

export async function* repeat(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < times; index++) yield chunk;
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
