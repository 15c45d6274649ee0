import {
  decodeAttributes,
  encodeAttributes as encodeRaw,
  listAttributes,
  readText,
} from "./attribute.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import {
  NftFamily,
  type NftFamilyName,
  NftMessage,
  nftDecode,
  nftDump,
  readBigEndian,
  TABLE,
} from "./nftables-message.ts";
import { portableExpressions, ruleCompat, ruleReferences, verdictChain } from "./nftables-rule.ts";

/** NF_INET_LOCAL_IN (linux/netfilter.h). */
const LOCAL_IN = 1;
const NF_DROP = 0;
const CHAIN = { name: 3, hook: 4, policy: 5, type: 7 } as const;
const HOOK = { number: 1, priority: 2 } as const;
const RULE = { chain: 2, handle: 3, expressions: 4, compat: 5 } as const;
const SET = { name: 2, flags: 3, lastCopied: 13, expressions: 18, objectType: 15, expression: 17 };
const ELEMENTS = { elements: 3 } as const;
const ELEMENT = { data: 2, expiration: 5, expression: 7, expressions: 11 } as const;
const OBJECT = { name: 2, type: 3, data: 4 } as const;
/** NFT_SET_ANONYMOUS and NFT_SET_CONSTANT: a copy is filled after it is made. */
const FIXED = 1 | 2;
/** NFT_SET_EVAL: rules put elements in. */
const LIVE = 0x20;

export type RawAttributes = [type: number, payload: Uint8Array][];

/** What one table says about packets for this host: its chains at the input hook, and what they need. */
export interface InputTable {
  family: NftFamilyName;
  name: string;
  bases: { name: string; priority: number; drops: boolean }[];
  chains: string[];
  objects: RawAttributes[];
  sets: { name: string; flags: number; attributes: RawAttributes; elements: Uint8Array[] }[];
  rules: { chain: string; attributes: RawAttributes }[];
}

interface Chain {
  name: string;
  type: string | undefined;
  hook: number | undefined;
  priority: number;
  drops: boolean;
}

const FAMILIES = new Map<number, NftFamilyName>(
  Object.entries(NftFamily).map(([name, number]) => [number, name as NftFamilyName]),
);

function decodeChain(attributes: Map<number, Uint8Array>): Chain {
  const hook = attributes.get(CHAIN.hook);
  const parts = decodeAttributes(hook ?? new Uint8Array());
  return {
    name: readText(attributes.get(CHAIN.name)) ?? "",
    type: readText(attributes.get(CHAIN.type)),
    hook: readBigEndian(parts.get(HOOK.number)),
    priority: (readBigEndian(parts.get(HOOK.priority)) ?? 0) | 0,
    drops: readBigEndian(attributes.get(CHAIN.policy)) === NF_DROP,
  };
}

/** One table, read on demand. */
class TableReader {
  readonly #socket: NetlinkSocket;
  readonly #family: number;
  readonly #name: string;

  constructor(socket: NetlinkSocket, family: number, name: string) {
    this.#socket = socket;
    this.#family = family;
    this.#name = name;
  }

  /** By chain, in order. */
  rules(): Map<string, RawAttributes[]> {
    const rules = new Map<string, RawAttributes[]>();
    for (const attributes of this.#dump(NftMessage.getRule)) {
      const chain = readText(attributes.get(RULE.chain)) ?? "";
      const expressions = attributes.get(RULE.expressions) ?? new Uint8Array();
      const compat = ruleCompat(expressions);
      const kept: RawAttributes = [
        [RULE.expressions, portableExpressions(this.#family, expressions)],
        ...(compat === undefined ? [] : [[RULE.compat, compat] as [number, Uint8Array]]),
      ];
      rules.set(chain, [...(rules.get(chain) ?? []), kept]);
    }
    return rules;
  }

  sets(): Map<string, Map<number, Uint8Array>> {
    const sets = this.#dump(NftMessage.getSet);
    return new Map(
      sets.map((attributes) => [readText(attributes.get(SET.name)) ?? "", attributes]),
    );
  }

  elements(set: string): Uint8Array[] {
    const query = new TextEncoder().encode(`${set}\0`);
    return this.#dump(NftMessage.getSetElements, [[SET.name, query]]).flatMap((attributes) =>
      listAttributes(attributes.get(ELEMENTS.elements) ?? new Uint8Array()).map(([, one]) => one),
    );
  }

  objects(): Map<number, Uint8Array>[] {
    return this.#dump(NftMessage.getObject);
  }

  #dump(type: number, more: RawAttributes = []): Map<number, Uint8Array>[] {
    const message = nftDump(type, this.#family, [[TABLE, this.#name], ...more]);
    return this.#socket.dump(message).flatMap((part) => {
      const { family, attributes } = nftDecode(part);
      const ours = family === this.#family && readText(attributes.get(TABLE)) === this.#name;
      return ours ? attributes : [];
    });
  }
}

/** Follows jumps, look-ups and verdict maps from the base chains. */
function collect(
  reader: TableReader,
  family: NftFamilyName,
  name: string,
  bases: readonly Chain[],
): InputTable {
  const rules = reader.rules();
  const table: InputTable = {
    family,
    name,
    bases: bases.map(({ name: base, priority, drops }) => ({ name: base, priority, drops })),
    chains: bases.map((base) => base.name),
    objects: [],
    sets: [],
    rules: [],
  };
  let sets: Map<string, Map<number, Uint8Array>> | undefined;
  const objects = new Set<string>();
  const reach = (chain: string | undefined) => {
    if (chain !== undefined && !table.chains.includes(chain)) table.chains.push(chain);
  };
  const need = (set: string) => {
    if (table.sets.some((known) => known.name === set)) return;
    sets ??= reader.sets();
    const attributes = sets.get(set);
    if (attributes === undefined) return;
    const elements = reader.elements(set);
    table.sets.push(copiedSet(set, attributes, elements));
    for (const one of elements) reach(verdictChain(decodeAttributes(one).get(ELEMENT.data)));
  };
  // The list grows while it is walked.
  for (const chain of table.chains) {
    for (const attributes of rules.get(chain) ?? []) {
      table.rules.push({ chain, attributes });
      const references = ruleReferences(attributes[0]?.[1] ?? new Uint8Array());
      references.chains.forEach(reach);
      references.sets.forEach(need);
      for (const [type, object] of references.objects) objects.add(`${type} ${object}`);
    }
  }
  if (objects.size > 0) table.objects = copiedObjects(reader.objects(), objects);
  return table;
}

function copiedSet(name: string, all: Map<number, Uint8Array>, elements: readonly Uint8Array[]) {
  const attributes = [...all].filter(
    ([type]) =>
      (type > SET.flags && type <= SET.lastCopied && type !== 10) ||
      [SET.objectType, SET.expression, SET.expressions].includes(type),
  );
  const flags = (readBigEndian(all.get(SET.flags)) ?? 0) & ~FIXED;
  return { name, flags, attributes, elements: elements.map(copiedElement) };
}

/** Without counters, which a copy begins anew. */
const copiedElement = (element: Uint8Array): Uint8Array =>
  encodeRaw(
    listAttributes(element).filter(
      ([type]) => type !== ELEMENT.expression && type !== ELEMENT.expressions,
    ),
  );

const copiedObjects = (all: readonly Map<number, Uint8Array>[], wanted: ReadonlySet<string>) =>
  all
    .filter((object) => {
      const type = readBigEndian(object.get(OBJECT.type));
      return wanted.has(`${type} ${readText(object.get(OBJECT.name))}`);
    })
    .map((object) => [...object].filter(([type]) => type >= OBJECT.name && type <= OBJECT.data));

/**
 * What the tables of this network namespace say about packets for this host, save those that `skip` names
 * and those that have nothing to say.
 */
export function readInputTables(
  socket: NetlinkSocket,
  skip: (table: string) => boolean,
): InputTable[] {
  const bases = new Map<string, { family: number; table: string; chains: Chain[] }>();
  for (const part of socket.dump(nftDump(NftMessage.getChain, 0, []))) {
    const { family, attributes } = nftDecode(part);
    const table = readText(attributes.get(TABLE)) ?? "";
    const chain = decodeChain(attributes);
    const judges = chain.hook === LOCAL_IN && chain.type === "filter" && FAMILIES.has(family);
    if (!judges || skip(table)) continue;
    const entry = bases.get(`${family} ${table}`) ?? { family, table, chains: [] };
    entry.chains.push(chain);
    bases.set(`${family} ${table}`, entry);
  }
  return [...bases.values()].flatMap(({ family, table, chains }) => {
    const reader = new TableReader(socket, family, table);
    const read = collect(reader, FAMILIES.get(family) ?? "inet", table, chains);
    const speaks = read.rules.length > 0 || chains.some(({ drops }) => drops);
    return speaks ? read : [];
  });
}

/** Tells apart what judges differently; elements that rules put in or that expire do not count. */
export function fingerprintOf(tables: readonly InputTable[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const { family, name, bases, chains, objects, sets, rules } of tables) {
    hash.update(JSON.stringify({ family, name, bases, chains }));
    for (const attributes of [...objects, ...rules.map((rule) => rule.attributes)]) {
      hash.update(encodeRaw(attributes));
    }
    for (const rule of rules) hash.update(rule.chain);
    for (const { flags, attributes, elements } of sets) {
      hash.update(encodeRaw(attributes));
      if ((flags & LIVE) !== 0) continue;
      const lasting = elements.map((element) =>
        Buffer.from(
          encodeRaw(listAttributes(element).filter(([type]) => type !== ELEMENT.expiration)),
        ).toString("hex"),
      );
      hash.update(lasting.sort().join());
    }
  }
  return hash.digest("hex");
}
