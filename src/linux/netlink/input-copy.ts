import { SyscallError } from "../errno.ts";
import type { Attribute } from "./attribute.ts";
import { fingerprintOf, type InputTable, readInputTables } from "./input-rules.ts";
import type { Message } from "./message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import {
  bigEndian,
  NftFamily,
  type NftFamilyName,
  NftMessage,
  nftBatch,
  nftCreate,
  nftDeleteTable,
  TABLE,
} from "./nftables-message.ts";

const NAME = 2;
const TABLE_NAME = 1;
const CHAIN_NAME = 3;
const RULE_CHAIN = 2;
const SET_FLAGS = 3;
const SET_ID = 10;
const ELEMENT_LIST = 3;
const LIST_ELEMENT = 1;
/** An attribute holds less than 64 KiB, and several thousand messages would be one transaction. */
const ELEMENTS_AT_ONCE = 256;
const MESSAGES_AT_ONCE = 512;
/** A rule may be refused because of another one that was. */
const ATTEMPTS = 4;

function frame(table: InputTable, target: string): Message[] {
  const family = NftFamily[table.family];
  const place: Attribute = [TABLE, target];
  return [
    nftCreate(NftMessage.newTable, family, [[TABLE_NAME, target]]),
    ...table.chains.map((chain) =>
      nftCreate(NftMessage.newChain, family, [place, [CHAIN_NAME, chain]]),
    ),
    ...table.objects.map((object) => nftCreate(NftMessage.newObject, family, [place, ...object])),
    ...table.sets.flatMap(({ name, flags, attributes, elements }, index) => [
      nftCreate(NftMessage.newSet, family, [
        place,
        [NAME, name],
        [SET_FLAGS, bigEndian(flags)],
        [SET_ID, bigEndian(index + 1)],
        ...attributes,
      ]),
      ...chunks(elements, ELEMENTS_AT_ONCE).map((some) =>
        nftCreate(NftMessage.newSetElements, family, [
          place,
          [NAME, name],
          [ELEMENT_LIST, some.map((element): Attribute => [LIST_ELEMENT, element])],
        ]),
      ),
    ]),
  ];
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < list.length; start += size)
    parts.push(list.slice(start, start + size));
  return parts;
}

/**
 * Makes a table that holds the same chains, sets and rules; none of its chains is a base chain, so that
 * no packet comes there before somebody jumps.
 *
 * @returns how many rules this kernel has refused in the other place
 * @throws SyscallError
 */
function copyInputTable(socket: NetlinkSocket, table: InputTable, target: string): number {
  for (const part of chunks(frame(table, target), MESSAGES_AT_ONCE)) {
    const [error] = socket.batch(nftBatch(part));
    if (error !== undefined) throw new SyscallError("nf_tables", error[1], `message ${error[0]}`);
  }
  const family = NftFamily[table.family];
  const rules = table.rules.map(({ chain, attributes }) =>
    nftCreate(NftMessage.newRule, family, [[TABLE, target], [RULE_CHAIN, chain], ...attributes]),
  );
  let refused = 0;
  for (let part of chunks(rules, MESSAGES_AT_ONCE)) {
    for (let attempt = 1; part.length > 0; attempt++) {
      const errors = socket.batch(nftBatch(part));
      if (errors.size === 0) break;
      const [first] = errors;
      if (attempt === ATTEMPTS || first === undefined || first[0] === 0) {
        throw new SyscallError("nf_tables", first?.[1] ?? 0, "rules");
      }
      refused += errors.size;
      // The first message of a batch opens it.
      part = part.filter((_, index) => !errors.has(index + 1));
    }
  }
  return refused;
}

/** Where the copy of one table stands. */
export interface CopiedTable {
  family: NftFamilyName;
  /** Of the copy. */
  name: string;
  /** Chains that stand for base chains, in the order of their priorities. */
  bases: { name: string; drops: boolean }[];
}

export interface InputCopy {
  fingerprint: string;
  tables: CopiedTable[];
  /** Rules that this kernel refuses outside of the input hook, with the tables that they are from. */
  refused: string[];
}

/**
 * Copies what the tables of this network namespace say about packets for this host into tables of ours,
 * `<prefix><number>`; undefined when that is what `known` was made from. On an error nothing stays.
 *
 * @param skip tables whose names begin so are ours
 */
export function copyInputRules(
  skip: string,
  prefix: string,
  known: string | undefined,
): InputCopy | undefined {
  const socket = new NetlinkSocket("netfilter");
  const made: CopiedTable[] = [];
  try {
    const isOurs = (table: string) => table === skip || table.startsWith(`${skip}-guard-`);
    const tables = readInputTables(socket, isOurs);
    const fingerprint = fingerprintOf(tables);
    if (fingerprint === known) return undefined;
    const refused: string[] = [];
    for (const [index, table] of tables.entries()) {
      const bases = table.bases.toSorted((a, b) => a.priority - b.priority);
      const copy = { family: table.family, name: `${prefix}${index}`, bases };
      made.push(copy);
      const count = copyInputTable(socket, table, copy.name);
      if (count > 0) refused.push(`${count} of table ${table.family} ${table.name}`);
    }
    return { fingerprint, tables: made, refused };
  } catch (error) {
    for (const { family, name } of made) {
      socket.batch(nftBatch([nftDeleteTable(NftFamily[family], name)]));
    }
    throw error;
  } finally {
    socket.close();
  }
}
