import { Errno, isErrno } from "../errno.ts";

/** SIGKILL to each process that is inside now. */
export function killOneByOne(pids: () => readonly number[]): void {
  for (const pid of pids()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!isErrno(error, Errno.ESRCH)) throw error;
    }
  }
}
