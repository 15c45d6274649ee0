/** Real containers for the tests of this folder: crun and a busybox root in a temporary folder. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Cgroup, openCgroup } from "../linux/cgroup/cgroup.ts";
import { detectCgroups, releaseUnifiedControllers } from "../linux/cgroup/cgroup-host.ts";
import type { ContainerConfig, HostConfig, RuntimeSpec } from "../spec/index.ts";
import { cgroupNames } from "./cgroup-path.ts";
import { createExecProcess } from "./container-process.ts";
import { encodeRuntimeProcess, encodeRuntimeSpec } from "./encode-spec.ts";
import { OciRuntime } from "./oci-runtime.ts";
import { probeRuntimes } from "./probe-runtime.ts";
import { detectRuntimeHost } from "./runtime-host.ts";
import { createRuntimeSpec } from "./runtime-spec.ts";
import type { ExecProcessRequest, RuntimeSpecRequest } from "./runtime-spec-request.ts";
import { BpfCache } from "./seccomp/bpf-cache.ts";

const PARENT = "/berth-runtime-test";

export interface TestResult {
  exitCode: number;
  output: string;
  log: string;
}

const emptyConfig: ContainerConfig = {
  Hostname: "unit",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  Labels: {},
};

/** As complete as a spec needs it. */
export const emptyHostConfig = {
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: PARENT,
  PidsLimit: null,
  MemorySwappiness: null,
  NetworkMode: "none",
  CgroupnsMode: "",
  IpcMode: "private",
  PidMode: "",
  UTSMode: "",
  UsernsMode: "",
  OomScoreAdj: 0,
  Privileged: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  ShmSize: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
  ConsoleSize: [0, 0],
} as unknown as HostConfig;

/** Why no container can be run here; undefined when it can. */
export function cannotRun(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync("/bin/busybox")) return "needs /bin/busybox (busybox-static)";
  return existsSync("/usr/bin/crun") ? undefined : "needs crun";
}

export class TestContainers {
  readonly folder = mkdtempSync("/tmp/berth-runtime-");
  readonly rootfs = join(this.folder, "rootfs");
  readonly host = detectRuntimeHost();
  readonly bpf = new BpfCache(join(this.folder, "bpf"));
  readonly runtime: OciRuntime;
  #next = 0;
  readonly #started: string[] = [];

  private constructor(runtime: OciRuntime) {
    this.runtime = runtime;
    this.#fillRoot();
  }

  static async create(name: "crun" | "runc" = "crun"): Promise<TestContainers> {
    releaseUnifiedControllers(detectCgroups());
    const [probe] = await probeRuntimes({ preferred: name });
    if (probe === undefined) throw new Error("no runtime");
    const stateRoot = mkdtempSync("/tmp/berth-runtime-state-");
    return new TestContainers(new OciRuntime({ probe, stateRoot }));
  }

  #fillRoot(): void {
    for (const name of ["bin", "etc", "tmp", "root", "proc", "sys", "dev"]) {
      mkdirSync(join(this.rootfs, name), { recursive: true });
    }
    copyFileSync("/bin/busybox", join(this.rootfs, "bin/busybox"));
    const applets = Bun.spawnSync(["/bin/busybox", "--list"]).stdout.toString().trim().split("\n");
    for (const applet of applets.filter((name) => name !== "busybox")) {
      symlinkSync("busybox", join(this.rootfs, "bin", applet));
    }
    writeFileSync(
      join(this.rootfs, "etc/passwd"),
      "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:100:Alice:/home/alice:/bin/sh\n",
    );
    writeFileSync(
      join(this.rootfs, "etc/group"),
      "root:x:0:\nwheel:x:10:root,alice\nusers:x:100:\naudio:x:29:\n",
    );
  }

  request(
    config: Partial<ContainerConfig>,
    hostConfig: Partial<HostConfig> = {},
    more: Partial<RuntimeSpecRequest> = {},
  ): RuntimeSpecRequest {
    this.#next += 1;
    return {
      id: `t${process.pid}x${this.#next}`,
      config: { ...emptyConfig, ...config },
      hostConfig: { ...emptyHostConfig, ...hostConfig },
      rootfs: this.rootfs,
      mounts: [],
      namespaces: { network: "new" },
      host: this.host,
      takesBpf: this.runtime.takesBpf,
      seccomp: this.bpf,
      ...more,
    };
  }

  cgroup(id: string): Cgroup {
    return openCgroup(this.host.cgroup, cgroupNames(this.host, id, PARENT).path);
  }

  /** Runs a shell line to its end and clears up. */
  async run(
    script: string,
    hostConfig: Partial<HostConfig> = {},
    config: Partial<ContainerConfig> = {},
    more: Partial<RuntimeSpecRequest> = {},
  ): Promise<TestResult> {
    const request = this.request({ Cmd: ["sh", "-c", script], ...config }, hostConfig, more);
    const spec = createRuntimeSpec(request);
    try {
      return await this.#foreground(request.id, spec);
    } finally {
      await this.remove(request.id);
    }
  }

  /** Starts detached; `remove()` it. */
  async start(request: RuntimeSpecRequest): Promise<{ id: string; pid: number }> {
    const { bundle, pidFile, log } = this.#bundle(request.id, createRuntimeSpec(request));
    this.#started.push(request.id);
    const argv = this.runtime.runCommand({ id: request.id, bundle, pidFile, log });
    const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    if ((await child.exited) !== 0) throw new Error(readFileSync(log, "utf8"));
    return { id: request.id, pid: Number(readFileSync(pidFile, "utf8")) };
  }

  async exec(
    id: string,
    request: Omit<ExecProcessRequest, "rootfs" | "tty" | "privileged"> &
      Partial<ExecProcessRequest>,
  ): Promise<TestResult> {
    const folder = mkdtempSync(join(this.folder, "exec-"));
    const processFile = join(folder, "process.json");
    const object = createExecProcess({
      rootfs: this.rootfs,
      tty: false,
      privileged: false,
      ...request,
    });
    writeFileSync(processFile, encodeRuntimeProcess(object));
    const log = join(folder, "log");
    const argv = this.runtime
      .execCommand({ id, processFile, pidFile: join(folder, "pid"), log })
      .filter((argument) => argument !== "--detach");
    return await this.#toEnd(argv, folder, log);
  }

  async remove(id: string): Promise<void> {
    await this.cgroup(id).remove();
    await this.runtime.deleteState(id);
    rmSync(join(this.folder, id), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const id of this.#started) await this.remove(id);
    this.runtime.close();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.runtime.stateRoot, { recursive: true, force: true });
    await openCgroup(this.host.cgroup, PARENT).remove();
  }

  #bundle(id: string, spec: RuntimeSpec) {
    const bundle = join(this.folder, id);
    mkdirSync(bundle);
    writeFileSync(join(bundle, "config.json"), encodeRuntimeSpec(spec));
    return { bundle, pidFile: join(bundle, "pid"), log: join(bundle, "log") };
  }

  async #foreground(id: string, spec: RuntimeSpec): Promise<TestResult> {
    const { bundle, pidFile, log } = this.#bundle(id, spec);
    const argv = this.runtime
      .runCommand({ id, bundle, pidFile, log })
      .filter((argument) => argument !== "--detach");
    return await this.#toEnd(argv, bundle, log);
  }

  async #toEnd(argv: string[], folder: string, log: string): Promise<TestResult> {
    const file = join(folder, "output");
    const output = openSync(file, "w");
    try {
      const child = Bun.spawn(argv, { stdin: "ignore", stdout: output, stderr: output });
      const exitCode = await child.exited;
      return {
        exitCode,
        output: readFileSync(file, "utf8"),
        log: existsSync(log) ? readFileSync(log, "utf8") : "",
      };
    } finally {
      closeSync(output);
    }
  }
}
