import { invalidArgument } from "../../../spec/index.ts";

export type Propagation = "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";

const ACCESS = new Set(["ro", "rw"]);
const LABEL = new Set(["z", "Z"]);
const COPY = new Set(["nocopy"]);
const CONSISTENCY = new Set(["consistent", "cached", "delegated", "default"]);
const PROPAGATION = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);
const KINDS = [ACCESS, LABEL, COPY, CONSISTENCY, PROPAGATION];

/** The third field of `-v`: at most one word of each kind, comma separated. */
export interface MountMode {
  readWrite: boolean;
  copyUp: boolean;
  propagation: Propagation | undefined;
}

export function isMountMode(text: string): boolean {
  if (text === "") return true;
  const words = text.split(",");
  return (
    words.every((word) => KINDS.some((kind) => kind.has(word))) &&
    KINDS.every((kind) => words.filter((word) => kind.has(word)).length <= 1)
  );
}

export function isPropagation(text: string): text is Propagation {
  return PROPAGATION.has(text);
}

export function parseMountMode(text: string): MountMode {
  if (!isMountMode(text)) throw invalidArgument(`invalid mode: ${text}`);
  const words = text.split(",");
  return {
    readWrite: !words.includes("ro"),
    copyUp: !words.includes("nocopy"),
    propagation: words.find(isPropagation),
  };
}
