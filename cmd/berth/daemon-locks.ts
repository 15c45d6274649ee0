import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tryLock } from "../../src/linux/file.ts";
import { EngineError } from "../../src/spec/index.ts";

/** One daemon per exec root; the lock ends with the process. The data root has a lock of its own. */
export function lockExecRoot(execRoot: string): number {
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  const lock = tryLock(join(execRoot, "daemon.lock"));
  if (lock === undefined) {
    throw new EngineError("unavailable", `another daemon uses the exec root "${execRoot}"`);
  }
  return lock;
}

/** Writes our pid, unless the file names another process that runs. */
export function claimPidFile(path: string | undefined): void {
  if (path === undefined) return;
  const other = Number(readOr(path, ""));
  if (Number.isInteger(other) && other > 0 && other !== process.pid && isRunning(other)) {
    throw new EngineError(
      "unavailable",
      `process with PID ${other} is still running: ensure that it does not, or delete ${path}`,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, String(process.pid), { mode: 0o644 });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}

function readOr(path: string, byDefault: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return byDefault;
  }
}
