import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor, Manifest } from "../../../spec/index.ts";

/** A manifest of a list that is being made, as Docker's command line keeps it. */
export interface StoredManifest {
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** The document, base64. */
  readonly Raw: string;
  readonly SchemaV2Manifest?: Manifest;
  readonly OCIManifest?: Manifest;
}

/**
 * Lists that are being made, below the configuration directory in Docker's layout, so that both command lines
 * work on the same ones: `manifests/<list>/<manifest>`, `:` written as `-` and `/` as `_`.
 */
export class ManifestStore {
  readonly #root: string;

  constructor(configDirectory: string) {
    this.#root = join(configDirectory, "manifests");
  }

  /** In the order of the files' names; undefined where there is no such list. */
  list(name: string): StoredManifest[] | undefined {
    const directory = join(this.#root, fileName(name));
    let files: string[];
    try {
      files = readdirSync(directory).sort();
    } catch {
      return undefined;
    }
    return files
      .filter((file) => !file.startsWith("."))
      .map((file) => JSON.parse(readFileSync(join(directory, file), "utf8")) as StoredManifest);
  }

  put(list: string, manifest: StoredManifest): void {
    const directory = join(this.#root, fileName(list));
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const temporary = join(directory, `.${process.pid}.tmp`);
    writeFileSync(temporary, JSON.stringify(manifest), { mode: 0o644 });
    renameSync(temporary, join(directory, fileName(manifest.Ref)));
  }

  /** Idempotent. */
  remove(list: string): void {
    rmSync(join(this.#root, fileName(list)), { recursive: true, force: true });
  }
}

const fileName = (name: string): string => name.replaceAll(":", "-").replaceAll("/", "_");
