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
}

/** Every runtime that answers, the default first; throws `unavailable` when none does. */
export async function probeRuntimes(_choice: RuntimeChoice = {}): Promise<ProbedRuntime[]> {
  throw new Error("not yet");
}
