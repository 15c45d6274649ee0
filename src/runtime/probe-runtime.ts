import { accessSync, constants } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { EngineError, errorMessage } from "../spec/index.ts";

export interface ProbedRuntime {
  /** As given to `--runtime`: `crun`, `runc` or a name from the configuration. */
  name: string;
  kind: "crun" | "runc";
  path: string;
  version: string;
  commit: string;
  /** `SECCOMP`, `EBPF`, … as the runtime says. */
  features: readonly string[];
  /** A sentence for `berth info`: why this one. */
  why: string;
}

export interface RuntimeChoice {
  /** Name → path, from the configuration file; `crun` and `runc` are known without. */
  configured?: Readonly<Record<string, string>>;
  /** `--default-runtime`. */
  preferred?: string;
  /** Why crun cannot be used on this host, from `releaseUnifiedControllers()`. */
  crunRefused?: string | undefined;
}

const SEARCH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

function findProgram(program: string): string | undefined {
  if (isAbsolute(program)) return isExecutable(program) ? program : undefined;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute), ...SEARCH];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What `crun --version` and `runc --version` print. */
export function parseRuntimeVersion(
  text: string,
): Pick<ProbedRuntime, "version" | "commit" | "features"> & { program: string } {
  const [, program = "", version = ""] = /^(\S+) version (\S+)/m.exec(text) ?? [];
  const [, commit = ""] = /^commit:\s*(\S+)/m.exec(text) ?? [];
  const features = [...text.matchAll(/\+([A-Z0-9_:]+)/g)].flatMap(([, name]) => name ?? []);
  return { program, version, commit, features };
}

async function probe(name: string, program: string): Promise<Omit<ProbedRuntime, "why"> | string> {
  const path = findProgram(program);
  if (path === undefined) return `${name}: "${program}" is not installed`;
  try {
    const child = Bun.spawn([path, "--version"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: 10_000,
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) return `${name}: "${path} --version" failed`;
    const { program: says, ...details } = parseRuntimeVersion(text);
    const kind = says === "crun" || basename(path).startsWith("crun") ? "crun" : "runc";
    return { name, kind, path, ...details };
  } catch (error) {
    return `${name}: ${errorMessage(error)}`;
  }
}

function explain(name: string, choice: RuntimeChoice, passedOver: readonly string[]): string {
  if (name === choice.preferred) return "chosen by --default-runtime";
  if (passedOver.length > 0) return `the next best: ${passedOver.join("; ")}`;
  return name === "crun" ? "starts containers fastest" : "configured";
}

/**
 * Every runtime that answers, the default first: the preferred one, else crun, else runc. Throws
 * `unavailable` when none does, or the preferred one does not.
 */
export async function probeRuntimes(choice: RuntimeChoice = {}): Promise<ProbedRuntime[]> {
  const programs = new Map([
    ["crun", "crun"],
    ["runc", "runc"],
    ...Object.entries(choice.configured ?? {}),
  ]);
  const results = await Promise.all([...programs].map(([name, program]) => probe(name, program)));
  const usable: Omit<ProbedRuntime, "why">[] = [];
  const passedOver: string[] = [];
  for (const result of results) {
    if (typeof result === "string") passedOver.push(result);
    else if (result.kind === "crun" && choice.crunRefused !== undefined) {
      passedOver.push(`${result.name}: ${choice.crunRefused}`);
    } else usable.push(result);
  }
  const wanted = choice.preferred;
  if (wanted !== undefined)
    usable.sort((one, other) => Number(other.name === wanted) - Number(one.name === wanted));
  const [first] = usable;
  if (first === undefined || (wanted !== undefined && first.name !== wanted)) {
    const reasons = passedOver.join("; ") || `"${wanted}" is not configured`;
    throw new EngineError("unavailable", `Cannot find an OCI runtime: ${reasons}`);
  }
  const before = first.name === "crun" ? [] : passedOver.filter((why) => why.startsWith("crun:"));
  return usable.map((runtime, index) => ({
    ...runtime,
    why: index === 0 ? explain(runtime.name, choice, before) : "available",
  }));
}
