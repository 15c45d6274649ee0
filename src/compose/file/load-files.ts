import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isGitUrl } from "../../cli/build/context/remote-url.ts";
import { canonical } from "./canonical.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import type { Environment } from "./environment.ts";
import { withEnvFiles } from "./environment.ts";
import { Extender } from "./extend-services.ts";
import type { VariableUse } from "./interpolate.ts";
import { interpolateNodes } from "./interpolate-nodes.ts";
import { mergeFiles, settle } from "./merge.ts";
import { get, list, type MapNode, map, type Node, textOf, toPlain, withEntries } from "./node.ts";
import { parseYaml } from "./parse-yaml.ts";
import { confined as checkConfined, resolvePaths } from "./resolve-paths.ts";
import { validateSchema } from "./validate-schema.ts";

export interface ReadOptions {
  environment: Environment;
  interpolate: boolean;
  resolvePaths: boolean;
  warn(message: string): void;
  onVariable?: (use: VariableUse) => void;
  /** Text for the file `-`. */
  stdin(): Promise<string>;
  /** Brings what stands on another host to this one; absent: such addresses are refused. */
  remote?: FetchRemote;
}

/** A Compose file from elsewhere, and the directory beyond which it must not reach. */
export interface RemoteFiles {
  file: string;
  confine: string;
}
export type FetchRemote = (address: string) => Promise<RemoteFiles>;

/** `oci://…`, or a git repository as Docker writes it. */
export const isRemoteFile = (text: string): boolean => text.startsWith("oci://") || isGitUrl(text);

/** What belongs together: files that merge, the directory of their paths, and what they may use. */
export interface FileSet {
  files: readonly string[];
  directory: string;
  environment: Environment;
  /** Files that came from elsewhere → the directory beyond which they must not reach. */
  confined?: ReadonlyMap<string, string>;
}

const RESOURCES = ["services", "networks", "volumes", "secrets", "configs", "models"];

/** Reads files, what they include and what they extend, and merges them. Throws ComposeFileError. */
export class FileLoader {
  readonly #options: ReadOptions;
  readonly #unset = new Set<string>();
  readonly #parsed = new Map<string, Promise<MapNode[]>>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  async load(set: FileSet, including: readonly string[] = []): Promise<MapNode> {
    let merged: MapNode | undefined;
    for (const file of set.files) {
      for (const document of await this.documents(file)) {
        const read = await this.#prepare(document, set, including);
        merged = merged === undefined ? read : mergeFiles(merged, read);
      }
    }
    if (merged === undefined)
      throw new ComposeFileError("empty compose file", startOf(set.files[0]));
    return merged;
  }

  /** One document: interpolated, checked, canonical, with what it includes and extends. */
  async #prepare(document: MapNode, set: FileSet, including: readonly string[]): Promise<MapNode> {
    const confine = set.confined?.get(document.at.file);
    const ready = this.canonicalOf(document, set.directory, set.environment, confine);
    const extended = await new Extender(this, set).extend(ready);
    return this.#include(extended, set, including);
  }

  /** A document without what it includes and extends: what `extends` takes its services from. */
  canonicalOf(
    document: MapNode,
    directory: string,
    environment: Environment,
    confine?: string,
  ): MapNode {
    const options = {
      lookup: environment.lookup,
      onUnset: (name: string) => this.#warnUnset(name),
      ...(this.#options.onVariable === undefined ? {} : { onUse: this.#options.onVariable }),
    };
    const text = this.#options.interpolate ? interpolateNodes(document, options) : document;
    validateSchema(text);
    const long = canonical(text as MapNode);
    const home = environment.lookup("HOME") ?? "/root";
    const base = { directory, home, ...(confine === undefined ? {} : { confine }) };
    const resolved = resolvePaths(long, base) as MapNode;
    return this.#options.resolvePaths ? resolved : (long as MapNode);
  }

  /** The documents of a file; read once, however often it is extended. */
  documents(file: string): Promise<MapNode[]> {
    const known = this.#parsed.get(file);
    if (known !== undefined) return known;
    const reading = this.#read(file).then((text) => parseYaml(text, file));
    this.#parsed.set(file, reading);
    return reading;
  }

  async #read(file: string): Promise<string> {
    if (file === "-") return this.#options.stdin();
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "ENOENT" ? "no such file or directory" : String(code);
      throw new ComposeFileError(`open ${file}: ${reason}`);
    }
  }

  #warnUnset(name: string): void {
    if (this.#unset.has(name)) return;
    this.#unset.add(name);
    this.#options.warn(`The "${name}" variable is not set. Defaulting to a blank string.`);
  }

  async #include(root: MapNode, set: FileSet, including: readonly string[]): Promise<MapNode> {
    const includes = get(root, "include");
    const own = withEntries(root, [["include", undefined]]);
    if (includes?.kind !== "list") return own;
    let result = settle(own) as MapNode;
    for (const entry of includes.items) {
      result = addIncluded(result, await this.#included(entry, set, including), entry);
    }
    return result;
  }

  async #included(entry: Node, set: FileSet, including: readonly string[]): Promise<MapNode> {
    const paths = toPlain(get(entry, "path") ?? list([], entry.at)) as string[];
    const [first] = paths;
    if (first === undefined) throw new ComposeFileError(`"include" needs a path`, entry.at);
    const confined = new Map(set.confined);
    const here = await Promise.all(paths.map((path) => this.#fetched(path, confined, entry)));
    const chain = [...including, ...set.files];
    const again = here.find((path) => chain.includes(path));
    if (again !== undefined) {
      const cycle = [...chain.slice(chain.indexOf(again)), again].join("\n  includes ");
      throw new ComposeFileError(`include cycle detected:\n  ${cycle}`, entry.at);
    }
    const directory = textOf(get(entry, "project_directory")) ?? dirname(here[0] ?? first);
    const limit = confined.get(here[0] ?? first) ?? set.confined?.get(entry.at.file);
    checkConfined(join(directory, ".env"), limit, entry.at);
    const files = get(entry, "env_file");
    const named = files === undefined ? undefined : (toPlain(files) as string[]);
    const environment = await withEnvFiles(set.environment, directory, named);
    const parent = set.confined?.get(entry.at.file);
    if (parent !== undefined)
      for (const file of here) confined.set(file, confined.get(file) ?? parent);
    return this.load({ files: here, directory, environment, confined }, chain);
  }

  /** A file's path on this machine; where it came from elsewhere, `confined` knows. */
  async #fetched(path: string, confined: Map<string, string>, entry: Node): Promise<string> {
    if (!isRemoteFile(path)) return path;
    const { remote } = this.#options;
    try {
      if (remote === undefined) throw new Error("nothing is fetched from other hosts here");
      const { file, confine } = await remote(path);
      confined.set(file, confine);
      return file;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ComposeFileError(`cannot include "${path}": ${why}`, entry.at);
    }
  }
}

/** What is included stands beside what the file says itself; one name may not mean two things. */
function addIncluded(root: MapNode, included: MapNode, entry: Node): MapNode {
  let result = root;
  for (const kind of RESOURCES) {
    const theirs = get(included, kind);
    if (theirs?.kind !== "map") continue;
    const ours = get(result, kind);
    const own = ours?.kind === "map" ? ours : map([], theirs.at);
    for (const [name, value] of theirs.entries) {
      const present = own.entries.get(name);
      if (present === undefined) continue;
      if (JSON.stringify(toPlain(present)) === JSON.stringify(toPlain(value))) continue;
      const at = own.keys.get(name) ?? present.at;
      const place = `${value.at.file}:${value.at.line}`;
      throw new ComposeFileError(
        `${kind}.${name} conflicts with imported resource at ${place} (included at line ${entry.at.line})`,
        at,
      );
    }
    const together = {
      ...own,
      entries: new Map([...theirs.entries, ...own.entries]),
      keys: new Map([...theirs.keys, ...own.keys]),
    };
    result = withEntries(result, [[kind, together]]);
  }
  return result;
}

const startOf = (file: string | undefined) =>
  file === undefined ? undefined : { file, line: 1, column: 1 };

/** Names that a directory's Compose file may have, the first wins, and of the one laid over it. */
export const FILE_NAMES = [
  "compose.yaml",
  "compose.yml",
  "docker-compose.yml",
  "docker-compose.yaml",
];
export const OVERRIDE_NAMES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export const inDirectory = (directory: string, names: readonly string[]): string[] =>
  names.map((name) => join(directory, name));
