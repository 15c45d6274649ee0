import type { Alias, Pair, ParsedNode, YAMLMap, YAMLSeq, Scalar as YamlScalar } from "yaml";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
} from "yaml";
import { ComposeFileError } from "./compose-file-error.ts";
import {
  list,
  type MapNode,
  type MergeTag,
  map,
  type Node,
  type Position,
  scalar,
} from "./node.ts";

/** More nodes than this, aliases expanded, are no Compose file but an attack. */
const MOST_NODES = 200_000;
const DEEPEST = 100;

type YamlNode = ParsedNode | YAMLMap | YAMLSeq | YamlScalar | Alias | null | undefined;

/**
 * The documents of a Compose file as nodes. YAML 1.2, with the octal numbers (`0440`) and the merge key
 * (`<<`) of YAML 1.1 that Compose files use. An empty document is an empty mapping.
 * Throws ComposeFileError for bad YAML, duplicate keys, keys that are no strings, and aliases that expand
 * without end.
 */
export function parseYaml(text: string, file: string): MapNode[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    customTags: [],
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const reader = new DocumentReader(document, lines, file);
    const root = reader.read();
    return root === undefined ? [] : [root];
  });
}

class DocumentReader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;
  #nodes = 0;

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  read(): MapNode | undefined {
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const said =
        error.code === "DUPLICATE_KEY" ? "a key stands twice in one mapping" : error.message;
      throw new ComposeFileError(`the YAML cannot be read: ${said}`, this.#position(error.pos[0]));
    }
    const contents = this.#document.contents;
    if (contents === null || (isScalar(contents) && contents.value === null)) return undefined;
    const root = this.#node(contents, 0);
    if (root.kind !== "map") {
      throw new ComposeFileError("top-level object must be a mapping", root.at);
    }
    return root;
  }

  #position(offset: number | undefined): Position {
    const { line, col } = this.#lines.linePos(offset ?? 0);
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #node(node: YamlNode, depth: number): Node {
    const at = this.#position(node?.range?.[0]);
    if (++this.#nodes > MOST_NODES || depth > DEEPEST) {
      throw new ComposeFileError(
        "the file expands to too many values: are its aliases meant so?",
        at,
      );
    }
    if (node === null || node === undefined) return scalar(null, at);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw new ComposeFileError(`unknown alias *${node.source}`, at);
      return this.#node(target as YamlNode, depth + 1);
    }
    const tag = mergeTag(node.tag, at);
    const tagged = tag === undefined ? {} : { tag };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as YamlNode, depth + 1));
      return { ...list(items, at), ...tagged };
    }
    if (isMap(node)) return { ...this.#map(node as YAMLMap, at, depth), ...tagged };
    return { ...scalar(scalarValue(node as YamlScalar), at), ...tagged };
  }

  #map(node: YAMLMap, at: Position, depth: number): MapNode {
    const entries = new Map<string, Node>();
    const keys = new Map<string, Position>();
    const merged: MapNode[] = [];
    for (const pair of node.items as Pair<YamlNode, YamlNode>[]) {
      const place = this.#position(pair.key?.range?.[0]);
      const key = keyText(pair.key, place);
      if (key === "<<") {
        merged.push(...this.#mergeSources(this.#node(pair.value, depth + 1)));
        continue;
      }
      entries.set(key, this.#node(pair.value, depth + 1));
      keys.set(key, place);
    }
    for (const source of merged) {
      for (const [key, value] of source.entries) {
        if (entries.has(key)) continue;
        entries.set(key, value);
        const place = source.keys.get(key);
        if (place !== undefined) keys.set(key, place);
      }
    }
    return map(entries, at, keys);
  }

  #mergeSources(value: Node): MapNode[] {
    if (value.kind === "map") return [value];
    if (value.kind === "list") return value.items.flatMap((item) => this.#mergeSources(item));
    throw new ComposeFileError("the merge key << needs a mapping, or a list of mappings", value.at);
  }
}

function keyText(key: YamlNode, at: Position): string {
  if (isScalar(key) && key.value !== null && typeof key.value !== "object") {
    return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
  }
  throw new ComposeFileError("a key has to be a string", at);
}

function mergeTag(tag: string | undefined, at: Position): MergeTag | undefined {
  if (tag === "!reset") return "reset";
  if (tag === "!override") return "override";
  if (tag?.startsWith("!") === true) {
    throw new ComposeFileError(`unknown tag ${tag}: Compose knows !reset and !override`, at);
  }
  return undefined;
}

const OCTAL = /^([-+]?)0([0-7_]+)$/;
const GROUPED = /^[-+]?[0-9][0-9_]*$/;

/** Numbers as Compose files mean them: a leading 0 is octal, underscores group digits. */
function scalarValue(node: YamlScalar): string | number | boolean | null {
  const { value, source, type } = node;
  if (type === "PLAIN" && source !== undefined) {
    const octal = OCTAL.exec(source);
    if (octal !== null) {
      return Number.parseInt((octal[1] ?? "") + (octal[2] ?? "").replaceAll("_", ""), 8);
    }
    if (GROUPED.test(source) && source.includes("_")) return Number(source.replaceAll("_", ""));
  }
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return source ?? String(value);
  }
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean") return value;
  return String(value);
}
