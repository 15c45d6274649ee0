import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { ConfigFile } from "./config-file.ts";

/** Writes `config.json`: whole or not at all, and for its owner alone. */
export function writeConfig(directory: string, config: ConfigFile): void {
  const path = `${directory}/config.json`;
  const temporary = `${path}.${process.pid}.tmp`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(temporary, JSON.stringify(config, null, "\t"), { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}
