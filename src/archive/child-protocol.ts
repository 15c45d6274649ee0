import { Errno, isErrno, SyscallError } from "../linux/errno.ts";
import { EngineError, type ErrorKind, errorKind, errorMessage } from "../spec/index.ts";

/** What a child says last: JSON, the result on stdout or the failure on stderr. */
export interface ChildFailure {
  kind: ErrorKind;
  message: string;
}

/** Writes the failure for the parent and ends the process. */
export function failChild(error: unknown): never {
  const failure: ChildFailure = { kind: childErrorKind(error), message: childErrorText(error) };
  process.stderr.write(`${JSON.stringify(failure)}\n`);
  process.exit(1);
}

function childErrorKind(error: unknown): ErrorKind {
  if (isErrno(error, Errno.ENOENT)) return "not-found";
  if (isErrno(error, Errno.ENAMETOOLONG, Errno.ENOTDIR, Errno.ELOOP)) return "invalid-argument";
  if (isErrno(error, Errno.EROFS, Errno.EPERM, Errno.EACCES)) return "permission-denied";
  return errorKind(error);
}

/** Docker's clients know a full disk by these words. */
function childErrorText(error: unknown): string {
  if (!isErrno(error, Errno.ENOSPC)) return errorMessage(error);
  const syscall = error instanceof SyscallError ? error.syscall : "write";
  return `${syscall}: no space left on device`;
}

/** The error that a child has left; its text, whatever it is, if that is no JSON. */
export function childError(subject: string, stderr: string, exit: string): EngineError {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  try {
    const { kind, message } = JSON.parse(last) as ChildFailure;
    return new EngineError(kind, message);
  } catch {
    return new EngineError("internal", `Cannot ${subject}: the process ${exit}: ${stderr.trim()}`);
  }
}

export function exitText(process: { exitCode: number | null; signalCode: unknown }): string {
  return process.signalCode === null
    ? `ended with ${process.exitCode}`
    : `was killed by ${process.signalCode}`;
}
