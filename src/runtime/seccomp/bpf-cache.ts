import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { compileSeccomp, haveLibseccomp } from "../../linux/seccomp.ts";
import type { RuntimeSeccomp } from "../../spec/index.ts";
import type { SeccompCompiler } from "../runtime-spec-request.ts";
import { resolveDefaultSeccomp } from "./default-seccomp.ts";
import type { ProfileContext } from "./seccomp-profile.ts";

/** In the name of cached programs: what `compileSeccomp` emits for the same profile. */
const FORMAT = "1";
/** `struct sock_filter`. */
const INSTRUCTION_SIZE = 8;

/**
 * Keeps compiled profiles in memory and in a folder, by the hash of the profile: compiling takes some
 * ten milliseconds. Files arrive by rename, so that no reader sees half of one.
 */
export class BpfCache implements SeccompCompiler {
  readonly #folder: string;
  readonly #defaults = new Map<string, RuntimeSeccomp>();
  /** By identity: the default profile is the same object for each container with the same capabilities. */
  readonly #byProfile = new WeakMap<RuntimeSeccomp, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  resolveDefault(context: ProfileContext): RuntimeSeccomp {
    const key = `${context.architecture} ${context.kernel} ${context.capabilities.join(" ")}`;
    const known = this.#defaults.get(key);
    if (known !== undefined) return known;
    const resolved = resolveDefaultSeccomp(context);
    this.#defaults.set(key, resolved);
    return resolved;
  }

  compile(profile: RuntimeSeccomp): string {
    const known = this.#byProfile.get(profile);
    if (known !== undefined) return known;
    const program = this.#load(profile).toString("base64");
    this.#byProfile.set(profile, program);
    return program;
  }

  #load(profile: RuntimeSeccomp): Buffer {
    const hash = createHash("sha256").update(JSON.stringify(profile)).digest("hex");
    const file = join(this.#folder, `${process.arch}-${FORMAT}-${hash}.bpf`);
    try {
      const program = readFileSync(file);
      // A power failure can leave a file without its content.
      if (program.length > 0 && program.length % INSTRUCTION_SIZE === 0) return program;
    } catch (error) {
      if (!isErrno(error, Errno.ENOENT)) throw error;
    }
    const program = Buffer.from(compileSeccomp(profile));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}`;
    try {
      writeFileSync(temporary, program, { mode: 0o600 });
      renameSync(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    return program;
  }
}

/** A cache in `folder`, or undefined where libseccomp is missing and the runtime has to compile. */
export function createSeccompCompiler(folder: string): SeccompCompiler | undefined {
  return haveLibseccomp() ? new BpfCache(folder) : undefined;
}
