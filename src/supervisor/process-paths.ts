import { join } from "node:path";

/** Where one process keeps its things below the exec root; the daemon writes them into `argv`. */
export interface ProcessPaths {
  /** `<exec-root>/processes/<id>`, made by `start`, removed by `forget`. */
  directory: string;
  /** For `--pid-file`. */
  pidFile: string;
  /**
   * For `--console-socket`. Valid inside of the runtime alone: descriptor 3 is the process's directory
   * there, so that the length of the exec root does not count against the 107 bytes of a socket path.
   */
  consoleSocket: string;
  /** For `--log`. */
  runtimeLog: string;
}

export function processPaths(execRoot: string, id: string): ProcessPaths {
  const directory = join(execRoot, "processes", id);
  return {
    directory,
    pidFile: join(directory, "pid"),
    consoleSocket: "/proc/self/fd/3/console.sock",
    runtimeLog: join(directory, "runtime.log"),
  };
}
