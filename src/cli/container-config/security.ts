import { CliError } from "../cli-error.ts";
import { quoteGo } from "../format/quote-go.ts";
import { fileProblem } from "./environment.ts";

export interface SecuritySettings {
  options: string[] | null;
  /** Empty lists: nothing is masked (`systempaths=unconfined`). */
  maskedPaths: string[] | null;
  readonlyPaths: string[] | null;
}

/** `--security-opt`; a seccomp profile is read here, since the daemon may be on another machine. */
export async function parseSecurityOptions(given: readonly string[]): Promise<SecuritySettings> {
  const options: string[] = [];
  let unconfinedPaths = false;
  for (const option of given) {
    const [key, value] = splitOption(option);
    if (key === "systempaths" && value === "unconfined") {
      unconfinedPaths = true;
    } else if (key === "seccomp" && value !== "unconfined" && value !== "builtin") {
      options.push(`seccomp=${await readProfile(value)}`);
    } else {
      options.push(option);
    }
  }
  return {
    options: given.length === 0 ? null : options,
    maskedPaths: unconfinedPaths ? [] : null,
    readonlyPaths: unconfinedPaths ? [] : null,
  };
}

function splitOption(option: string): [key: string, value: string] {
  const match = /^([^=]+?)=([\s\S]*)$/.exec(option) ?? /^([^:]+):([\s\S]*)$/.exec(option);
  if (match === null && option !== "no-new-privileges") {
    throw new CliError(`Invalid --security-opt: ${quoteGo(option)}`);
  }
  return [match?.[1] ?? option, match?.[2] ?? ""];
}

async function readProfile(path: string): Promise<string> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    throw new CliError(
      `opening seccomp profile (${path}) failed: open ${path}: ${fileProblem(error)}`,
      1,
      { cause: error },
    );
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    const first = text.trimStart().charAt(0);
    const why =
      first === ""
        ? "unexpected end of JSON input"
        : `invalid character '${first}' looking for beginning of value`;
    throw new CliError(`compacting json for seccomp profile (${path}) failed: ${why}`, 1, {
      cause: error,
    });
  }
}

function normalizeCapability(name: string): string {
  const upper = name.trim().toUpperCase();
  return upper === "ALL" || upper === "RESET" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}

/** `--cap-add` and `--cap-drop` as the daemon takes them: what is added is not dropped. */
export function resolveCapabilities(
  add: readonly string[],
  drop: readonly string[],
): { add: string[] | null; drop: string[] | null } {
  const collect = (names: readonly string[]): string[] => {
    const unique = [...new Set(names.map(normalizeCapability))].sort();
    return unique.includes("ALL") ? ["ALL"] : unique;
  };
  const added = collect(add);
  const dropped = collect(drop).filter((name) => !added.includes(name));
  return {
    add: added.length === 0 ? null : added,
    drop: dropped.length === 0 ? null : dropped,
  };
}

const SYSCTLS = new Set(
  "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced".split(
    " ",
  ),
);

/** Only what belongs to a namespace of the container. */
export function validateSysctl(text: string): string {
  const key = text.split("=")[0] ?? "";
  const namespaced = SYSCTLS.has(key) || /^(?:net|fs\.mqueue)\./.test(key);
  if (!text.includes("=") || !namespaced) throw new Error(`sysctl '${text}' is not allowed`);
  return text;
}
