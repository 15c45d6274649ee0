/** Where something stands in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

/** `!reset` removes what an earlier file said, `!override` replaces it instead of merging. */
export type MergeTag = "reset" | "override";

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: Scalar;
  readonly at: Position;
  readonly tag?: MergeTag;
}
export interface ListNode {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly at: Position;
  readonly tag?: MergeTag;
}
export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Node>;
  /** Where each key stands; a key that no file has written is absent. */
  readonly keys: ReadonlyMap<string, Position>;
  readonly at: Position;
  readonly tag?: MergeTag;
}
/** A value of a Compose file that knows where it was written. Nodes are never changed in place. */
export type Node = ScalarNode | ListNode | MapNode;

export const scalar = (value: Scalar, at: Position): ScalarNode => ({ kind: "scalar", value, at });
export const list = (items: readonly Node[], at: Position): ListNode => ({
  kind: "list",
  items,
  at,
});
export const map = (
  entries: Iterable<readonly [string, Node]>,
  at: Position,
  keys: ReadonlyMap<string, Position> = new Map(),
): MapNode => ({ kind: "map", entries: new Map(entries), keys, at });

/** The same mapping with some entries changed; `undefined` removes one. */
export function withEntries(
  node: MapNode,
  changes: Iterable<readonly [string, Node | undefined]>,
): MapNode {
  const entries = new Map(node.entries);
  for (const [key, value] of changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return { ...node, entries };
}

/** Every entry of a mapping by `change`; the keys stay. */
export function mapEntries(node: MapNode, change: (value: Node, key: string) => Node): MapNode {
  return {
    ...node,
    entries: new Map([...node.entries].map(([key, value]) => [key, change(value, key)])),
  };
}

export const get = (node: Node | undefined, key: string): Node | undefined =>
  node?.kind === "map" ? node.entries.get(key) : undefined;

/** The node at a path of keys, through mappings alone. */
export const getIn = (node: Node | undefined, ...path: string[]): Node | undefined =>
  path.reduce<Node | undefined>((at, key) => get(at, key), node);

export const textOf = (node: Node | undefined): string | undefined =>
  node?.kind === "scalar" && node.value !== null ? String(node.value) : undefined;

/** A null scalar, which stands for "declared with nothing". */
export const isNull = (node: Node): boolean => node.kind === "scalar" && node.value === null;

export type Plain = Scalar | Plain[] | { [key: string]: Plain };

/** The value without its positions. */
export function toPlain(node: Node): Plain {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(toPlain);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, toPlain(value)]));
  }
}

/** A plain value as nodes that all stand at one place: what a short form expands to. */
export function fromPlain(value: Plain | undefined, at: Position): Node {
  if (Array.isArray(value)) {
    return list(
      value.map((item) => fromPlain(item, at)),
      at,
    );
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return map(
      entries.map(([key, item]) => [key, fromPlain(item, at)] as const),
      at,
    );
  }
  return scalar(value ?? null, at);
}
