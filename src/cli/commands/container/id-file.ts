import { closeSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { CliError } from "../../cli-error.ts";
import { fileProblem } from "../../container-config/environment.ts";

export interface IdFile {
  write(id: string): void;
  discard(): void;
}

/** The file of `--cidfile`: made before the container, so that two never share one. */
export function openIdFile(path: string): IdFile {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new CliError(
      `container ID file found, make sure the other container isn't running or delete ${path}`,
    );
  }
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o644);
  } catch (error) {
    throw new CliError(
      `failed to create the container ID file: open ${path}: ${fileProblem(error)}`,
      1,
      { cause: error },
    );
  }
  return {
    write: (id) => {
      writeSync(fd, id);
      closeSync(fd);
    },
    discard: () => {
      closeSync(fd);
      unlinkSync(path);
    },
  };
}
