import type { RuntimeProcess, RuntimeSpec } from "../spec/index.ts";
import type { ExecProcessRequest, RuntimeSpecRequest } from "./runtime-spec-request.ts";

/**
 * The OCI spec of a container, in effect the same as Docker's. Reads `/etc/passwd` and `/etc/group` of the
 * root; writes nothing. Throws `EngineError` for what cannot be honoured, in Docker's words.
 */
export function createRuntimeSpec(_request: RuntimeSpecRequest): RuntimeSpec {
  throw new Error("not yet");
}

/** The OCI process object of `exec`, to be handed to `OciRuntime.execCommand` as a file. */
export function createExecProcess(_request: ExecProcessRequest): RuntimeProcess {
  throw new Error("not yet");
}
