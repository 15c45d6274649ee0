import {
  type Digest,
  EngineError,
  type EventMessage,
  type ExecInspect,
  type ExecStartRequest,
  type ImageInspect,
  type ImageSummary,
  type Network,
  notFound,
  type ProgressMessage,
  randomId,
  type SystemInfo,
  type SystemVersion,
  type Volume,
  type VolumeFile,
} from "../../spec/index.ts";
import type { Backends } from "../backends.ts";
import type { BuildBackend } from "../routers/build/backend.ts";
import type { ExecBackend } from "../routers/exec/backend.ts";
import type { ImageBackend } from "../routers/images/backend.ts";
import type { NetworkBackend } from "../routers/networks/backend.ts";
import type { SystemBackend } from "../routers/system/backend.ts";
import type { VolumeBackend } from "../routers/volumes/backend.ts";
import { aborted, echo, FakeContainers, repeat } from "./fake-containers.ts";

export type Calls = [string, ...unknown[]][];

/** An engine that keeps nothing but a record of what was asked of it, for tests of server and client. */
export interface FakeBackends extends Backends {
  containers: FakeContainers;
  calls: Calls;
}

export function fakeBackends(): FakeBackends {
  const containers = new FakeContainers();
  const calls = containers.calls;
  return {
    containers,
    calls,
    exec: fakeExec(containers),
    builds: fakeBuilds(calls),
    images: fakeImages(calls),
    networks: fakeNetworks(calls),
    volumes: fakeVolumes(calls),
    system: fakeSystem(calls),
  };
}

function fakeBuilds(calls: Calls): BuildBackend {
  return {
    async *classic(options, body) {
      let size = 0;
      for await (const chunk of body) size += chunk.length;
      calls.push(["build", options, size]);
      yield { stream: "Step 1/1 : FROM scratch\n" };
      yield { aux: { ID: `sha256:${"1".repeat(64)}` } };
      if (options.target === "missing") {
        throw Object.assign(
          new Error("The command '/bin/sh -c false' returned a non-zero code: 3"),
          {
            exitCode: 3,
          },
        );
      }
    },
    async openContext(entries) {
      const listed = await Array.fromAsync(entries);
      calls.push(["openContext", listed]);
      return { id: "context", missing: listed.flatMap(({ sha256 }) => sha256 ?? []) };
    },
    async receiveFiles(id) {
      return { id, missing: [] };
    },
    async receiveTar() {
      return { id: "tar", missing: [] };
    },
    async *build(request) {
      calls.push(["berthBuild", request]);
      yield { type: "build", id: "1", at: "2024-01-01T00:00:00Z" };
    },
    agent(id, channel) {
      throw notFound(`the build ${id} does not ask for channel ${channel}`);
    },
    output(id, index) {
      throw notFound(`the build ${id} does not offer output ${index}`);
    },
    async list() {
      return [];
    },
    async inspect(id) {
      throw notFound(`no such build: ${id}`);
    },
    async *log() {},
    async remove() {},
    async cache() {
      return [];
    },
    async prune(options) {
      calls.push(["pruneBuilds", options]);
      return { CachesDeleted: null, SpaceReclaimed: 0 };
    },
  };
}

function fakeExec(containers: FakeContainers): ExecBackend {
  const execs = new Map<string, { tty: boolean; command: string[]; code: number }>();
  const find = (id: string) => {
    const exec = execs.get(id);
    if (exec === undefined) throw notFound(`No such exec instance: ${id}`);
    return exec;
  };
  return {
    async create(ref, request) {
      containers.find(ref);
      containers.calls.push(["exec", request]);
      const id: string = randomId();
      execs.set(id, { tty: request.Tty === true, command: request.Cmd ?? [], code: 0 });
      return { Id: id };
    },
    async startDetached(id, request: ExecStartRequest) {
      find(id);
      containers.calls.push(["startDetached", request]);
    },
    async startAttached(id, request) {
      const exec = find(id);
      containers.calls.push(["startAttached", request]);
      return {
        tty: exec.tty,
        run: async (client) => {
          if (exec.command[0] === "nosuch") {
            exec.code = 127;
            throw new EngineError("invalid-argument", 'exec: "nosuch": executable file not found');
          }
          await echo(client, exec.tty);
          exec.code = 5;
        },
      };
    },
    async inspect(id) {
      return { ID: id, Running: false, ExitCode: find(id).code } as ExecInspect;
    },
    async resize(id, size) {
      find(id);
      containers.calls.push(["execResize", size]);
    },
  };
}

async function* pullProgress(reference: string): AsyncGenerator<ProgressMessage> {
  if (reference.startsWith("missing")) {
    throw notFound(`pull access denied for ${reference}, repository does not exist`);
  }
  yield { status: `Pulling from library/${reference}`, id: "latest" };
  yield { status: "Pulling fs layer", progressDetail: {}, id: "aaaaaaaaaaaa" };
  if (reference.startsWith("broken")) throw new EngineError("unavailable", "unexpected EOF");
  yield { status: "Pull complete", progressDetail: {}, id: "aaaaaaaaaaaa" };
  yield { status: `Status: Downloaded newer image for ${reference}` };
}

async function* countBytes(body: AsyncIterable<Uint8Array>): AsyncGenerator<ProgressMessage> {
  let size = 0;
  for await (const chunk of body) size += chunk.length;
  yield { stream: `Loaded ${size} bytes\n` };
}

function fakeImages(calls: Calls): ImageBackend {
  return {
    async list(options) {
      calls.push(["images", options]);
      const image: ImageSummary = {
        Id: `sha256:${"b".repeat(64)}`,
        ParentId: "",
        RepoTags: ["busybox:latest"],
        RepoDigests: [],
        Created: 1_700_000_000,
        Size: 4_000_000,
        SharedSize: -1,
        Labels: null,
        Containers: 2,
      };
      return [image, { ...image, RepoTags: [] }];
    },
    async inspect(name, options) {
      calls.push(["inspectImage", name, options]);
      const image: Partial<ImageInspect> = { Id: name, Size: 5, Config: {} };
      return image as ImageInspect;
    },
    history: async () => [],
    pull(options) {
      calls.push(["pull", options]);
      return pullProgress(options.reference);
    },
    import(options, body) {
      calls.push(["import", options]);
      return countBytes(body);
    },
    async lock(name, locked) {
      calls.push(["lock", name, locked]);
    },
    async inspectDistribution(name) {
      calls.push(["inspectDistribution", name]);
      const digest = `sha256:${"c".repeat(64)}` as Digest;
      return { Descriptor: { mediaType: "m", digest, size: 1 }, Platforms: [] };
    },
    blobs: async () => ({ digests: [] }),
    missing: async (blobs) => blobs,
    push(name, options) {
      calls.push(["push", name, options]);
      return pullProgress(name);
    },
    load(body, options) {
      calls.push(["load", options]);
      return countBytes(body);
    },
    async save(names, options) {
      calls.push(["save", names, options]);
      return repeat(Buffer.from("tar"), 2);
    },
    async tag(name, options) {
      calls.push(["tag", name, options]);
    },
    async remove(name, options) {
      calls.push(["removeImage", name, options]);
      return [{ Untagged: name }];
    },
    async prune(filters) {
      calls.push(["pruneImages", filters]);
      return { ImagesDeleted: null, SpaceReclaimed: 0 };
    },
    search: async () => [],
    async commit(options) {
      calls.push(["commit", options]);
      return { Id: `sha256:${"c".repeat(64)}` };
    },
  };
}

function fakeNetworks(calls: Calls): NetworkBackend {
  const network: Partial<Network> & { Id: string } = {
    Name: "bridge",
    Id: "d".repeat(64),
    Driver: "bridge",
    Scope: "local",
    IPAM: { Driver: "default", Options: null, Config: [{ Subnet: "10.0.0.0/24" }] },
    Containers: {},
  };
  return {
    async list(options) {
      calls.push(["networks", options]);
      return [network as Network];
    },
    async inspect(ref) {
      if (ref !== "bridge") throw notFound(`network ${ref} not found`);
      return network as Network;
    },
    async create(request) {
      calls.push(["createNetwork", request]);
      return { Id: network.Id, Warning: "" };
    },
    async remove(ref) {
      calls.push(["removeNetwork", ref]);
    },
    async connect(ref, request) {
      calls.push(["connect", ref, request]);
    },
    async disconnect(ref, request) {
      calls.push(["disconnect", ref, request]);
    },
    check: async () => ({ Found: [], Remaining: [] }),
    nodes: async () => [],
    prune: async () => ({ NetworksDeleted: null }),
  };
}

function fakeVolumes(calls: Calls): VolumeBackend {
  const volume = (name: string): Volume => ({
    Name: name,
    Driver: "local",
    Mountpoint: `/v/${name}/_data`,
    Labels: null,
    Scope: "local",
    Options: null,
  });
  return {
    list: async () => ({ Volumes: [volume("data")], Warnings: null }),
    async inspect(name) {
      if (name !== "data") throw notFound(`get ${name}: no such volume`);
      return volume(name);
    },
    create: async (request) => volume(request.Name ?? "anonymous"),
    async remove(name, options) {
      calls.push(["removeVolume", name, options]);
    },
    async prune(filters) {
      calls.push(["pruneVolumes", filters]);
      return { VolumesDeleted: null, SpaceReclaimed: 0 };
    },
    ...fakeOwnVolumes(calls, volume),
  };
}

function fakeOwnVolumes(calls: Calls, volume: (name: string) => Volume) {
  async function* told(...call: Calls[number]) {
    calls.push(call);
    yield { id: "data", status: "Done", aux: volume("data") };
  }
  return {
    async lock(name: string, locked: boolean) {
      calls.push(["lockVolume", name, locked]);
    },
    rename: async (_: string, to: string) => volume(to),
    clone: (ref: string, options: object) => told("cloneVolume", ref, options),
    snapshot: (name: string, options: object) => told("snapshotVolume", name, options),
    snapshots: async () => [{ Name: "first", CreatedAt: "2026-01-01T00:00:00.000Z" }],
    async removeSnapshot(name: string, snapshot: string) {
      calls.push(["removeSnapshot", name, snapshot]);
    },
    restore: (name: string, options: object) => told("restoreVolume", name, options),
    export: async (ref: string) => repeat(Buffer.from(`tar of ${ref}`), 1),
    async *import(name: string, tar: AsyncIterable<Uint8Array>, options: object) {
      const bytes = Buffer.concat(await Array.fromAsync(tar));
      yield* told("importVolume", name, bytes.toString(), options);
    },
    files: async () => fakeFiles(),
    content: async (ref: string, path: string) => repeat(Buffer.from(`${ref} ${path}`), 1),
    usage: async (name: string) => ({ Name: name, Size: 1, DiskSize: 2, Files: 3, Snapshots: [] }),
    trash: async () => [],
    restoreTrashed: async (ref: string, as?: string) => volume(as ?? ref),
    emptyTrash: async (refs: readonly string[]) => ({ Deleted: [...refs], SpaceReclaimed: 1 }),
  };
}

async function* fakeFiles(): AsyncGenerator<VolumeFile> {
  const Modified = "2026-01-01T00:00:00.000Z";
  yield { Name: "file", Type: "file", Mode: 0o644, Uid: 0, Gid: 0, Size: 3, Modified };
}

function fakeSystem(calls: Calls): SystemBackend {
  const event = (Action: string): EventMessage => ({
    Type: "container",
    Action,
    Actor: { ID: "e".repeat(64), Attributes: { image: "busybox", name: "web" } },
    scope: "local",
    time: 1_700_000_000,
    timeNano: 1_700_000_000_000_000_000,
  });
  return {
    ping: () => ({
      ApiVersion: "1.56",
      OSType: "linux",
      Experimental: false,
      BuilderVersion: "",
      SwarmStatus: "inactive",
    }),
    version: async () => ({ Version: "0.1.0", ApiVersion: "1.56" }) as SystemVersion,
    async info() {
      if (calls.some(([name]) => name === "explode")) throw new TypeError("x is not a function");
      const commit = { ID: "c" };
      return {
        ID: "id",
        ServerVersion: "0.1.0",
        NCPU: 2,
        ContainerdCommit: commit,
        RuncCommit: commit,
        InitCommit: commit,
        Runtimes: { crun: { path: "/usr/bin/crun", status: { reason: "fast" } } },
        SecurityOptions: ["name=seccomp,profile=builtin"],
        FirewallBackend: { Driver: "nftables" },
      } as Partial<SystemInfo> as SystemInfo;
    },
    async events(options, signal) {
      calls.push(["events", options]);
      async function* stream(): AsyncGenerator<EventMessage> {
        yield event("start");
        yield event("die");
        if (options.until !== undefined) return;
        await aborted(signal);
        calls.push(["eventsEnded"]);
      }
      return stream();
    },
    async diskUsage(options) {
      calls.push(["df", [...options.types]]);
      return { Images: null, Containers: null, Volumes: null, BuildCache: null };
    },
    async auth(credentials) {
      if (credentials.password !== "right") {
        throw new EngineError("unauthenticated", "unauthorized: incorrect username or password");
      }
      return { Status: "Login Succeeded", IdentityToken: "" };
    },
    async stop(request) {
      calls.push(["stopEngine", request]);
      return () => calls.push(["endEngine"]);
    },
  };
}
