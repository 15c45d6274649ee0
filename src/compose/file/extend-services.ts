import { dirname } from "node:path";
import { didYouMean } from "./closest-name.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import type { FileLoader, FileSet } from "./load-files.ts";
import { mergeFiles, mergeServices } from "./merge.ts";
import { get, type MapNode, type Node, textOf, withEntries } from "./node.ts";

interface Source {
  file: string;
  directory: string;
  root: MapNode;
  /** The directory beyond which a file from elsewhere must not reach. */
  confine: string | undefined;
}

/** Resolves `extends`: a service takes another's keys and lays its own over them. */
export class Extender {
  readonly #loader: FileLoader;
  readonly #set: FileSet;

  constructor(loader: FileLoader, set: FileSet) {
    this.#loader = loader;
    this.#set = set;
  }

  async extend(root: MapNode): Promise<MapNode> {
    const services = get(root, "services");
    if (services?.kind !== "map") return root;
    const { file } = root.at;
    const confine = this.#set.confined?.get(file);
    const source = { file, directory: this.#set.directory, root, confine };
    const extended: [string, Node][] = [];
    for (const [name, service] of services.entries) {
      if (get(service, "extends") === undefined) continue;
      extended.push([name, await this.#resolve(name, source, [])]);
    }
    if (extended.length === 0) return root;
    return withEntries(root, [["services", withEntries(services, extended)]]);
  }

  async #resolve(name: string, source: Source, path: readonly string[]): Promise<Node> {
    const services = get(source.root, "services");
    const service = get(services, name);
    const link = get(service, "extends");
    const step = `${source.file}: ${name}`;
    if (path.includes(step)) {
      const cycle = [...path.slice(path.indexOf(step)), step].join("\n  extends ");
      throw new ComposeFileError(`Circular reference with extends:\n  ${cycle}`, link?.at);
    }
    if (service?.kind !== "map") return service ?? missing(name, source, services);
    if (link === undefined) return service;
    const wanted = textOf(get(link, "service")) ?? "";
    const from = await this.#source(textOf(get(link, "file")), source, link);
    const target = get(get(from.root, "services"), wanted);
    if (target === undefined) {
      const known = servicesOf(from.root);
      const message = `cannot extend service "${name}" in ${source.file}: service "${wanted}" not found in ${from.file}`;
      throw new ComposeFileError(message + didYouMean(wanted, known), link.at);
    }
    const base = await this.#resolve(wanted, from, [...path, step]);
    const own = withEntries(service, [["extends", undefined]]);
    return base.kind === "map" ? mergeServices(base, own) : own;
  }

  async #source(file: string | undefined, current: Source, link: Node): Promise<Source> {
    if (file === undefined || file === current.file) return current;
    const directory = dirname(file);
    const documents = await this.#loader.documents(file).catch((error: unknown) => {
      throw error instanceof ComposeFileError && error.at === undefined
        ? new ComposeFileError(error.message, link.at)
        : error;
    });
    const { confine } = current;
    const roots = documents.map((document) =>
      this.#loader.canonicalOf(document, directory, this.#set.environment, confine),
    );
    const [first, ...rest] = roots;
    if (first === undefined) throw new ComposeFileError(`${file} is empty`, link.at);
    return { file, directory, root: rest.reduce(mergeFiles, first), confine };
  }
}

function servicesOf(root: MapNode): string[] {
  const services = get(root, "services");
  return services?.kind === "map" ? [...services.entries.keys()] : [];
}

function missing(name: string, source: Source, services: Node | undefined): never {
  throw new ComposeFileError(`service "${name}" not found in ${source.file}`, services?.at);
}
