import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  listAttributes,
  readText,
} from "./attribute.ts";
import { bigEndian, NftFamily, readBigEndian } from "./nftables-message.ts";

/**
 * Expressions of rules, as far as a copy of a rule has to know them (linux/netfilter/nf_tables.h). Pure.
 */

const LIST_ELEMENT = 1;
const EXPRESSION_NAME = 1;
const EXPRESSION_DATA = 2;
const IMMEDIATE_DATA = 2;
const DATA_VERDICT = 2;
const VERDICT_CHAIN = 2;
const LOOKUP_SET = 1;
const DYNSET_SET = 1;
const OBJECT_TYPE = 1;
const OBJECT_NAME = 2;
const OBJECT_SET = 4;
const QUOTA_CONSUMED = 4;
const TARGET_NAME = 1;
const TARGET_INFO = 3;
const REJECT_TYPE = 1;
const REJECT_CODE = 2;
const REJECT_UNREACHABLE = 0;
const REJECT_RESET = 1;

/** What a rule refers to in its table. */
export interface RuleReferences {
  chains: string[];
  sets: string[];
  /** Type and name. */
  objects: [type: number, name: string][];
}

interface Expression {
  name: string;
  data: Uint8Array;
}

const parse = (expressions: Uint8Array): Expression[] =>
  listAttributes(expressions).map(([, element]) => {
    const attributes = decodeAttributes(element);
    const name = readText(attributes.get(EXPRESSION_NAME)) ?? "";
    return { name, data: attributes.get(EXPRESSION_DATA) ?? new Uint8Array() };
  });

/** The chain that a verdict jumps or goes to; `data` is NFTA_DATA_*. */
export function verdictChain(data: Uint8Array | undefined): string | undefined {
  const verdict = decodeAttributes(data ?? new Uint8Array()).get(DATA_VERDICT);
  return verdict === undefined ? undefined : readText(decodeAttributes(verdict).get(VERDICT_CHAIN));
}

export function ruleReferences(expressions: Uint8Array): RuleReferences {
  const found: RuleReferences = { chains: [], sets: [], objects: [] };
  const add = (list: string[], name: string | undefined) => {
    if (name !== undefined) list.push(name);
  };
  for (const { name, data } of parse(expressions)) {
    const attributes = decodeAttributes(data);
    if (name === "immediate") add(found.chains, verdictChain(attributes.get(IMMEDIATE_DATA)));
    if (name === "lookup") add(found.sets, readText(attributes.get(LOOKUP_SET)));
    if (name === "dynset") add(found.sets, readText(attributes.get(DYNSET_SET)));
    if (name !== "objref") continue;
    add(found.sets, readText(attributes.get(OBJECT_SET)));
    const object = readText(attributes.get(OBJECT_NAME));
    const type = readBigEndian(attributes.get(OBJECT_TYPE));
    if (object !== undefined && type !== undefined) found.objects.push([type, object]);
  }
  return found;
}

/** ICMP codes of `iptables -j REJECT` and `ip6tables -j REJECT`, by its own numbers; -1 is a TCP reset. */
const REJECTIONS: Readonly<Record<number, readonly number[]>> = {
  [NftFamily.ip]: [0, 1, 2, 3, 3, 9, 10, -1, 13],
  [NftFamily.ip6]: [0, 1, 2, 3, 4, 4, -1, 5, 6],
};

/** iptables' REJECT works in two hooks only; nf_tables' own one says the same in more of them. */
function rejection(family: number, info: Uint8Array | undefined): Expression {
  const code = REJECTIONS[family]?.[info?.[0] ?? 3] ?? 3;
  const attributes: Attribute[] =
    code < 0
      ? [[REJECT_TYPE, bigEndian(REJECT_RESET)]]
      : [
          [REJECT_TYPE, bigEndian(REJECT_UNREACHABLE)],
          [REJECT_CODE, Uint8Array.of(code)],
        ];
  return { name: "reject", data: encodeAttributes(attributes) };
}

/**
 * The same judgement in another hook, and without what changes by itself: what packets were counted says
 * nothing about the next one.
 */
export function portableExpressions(family: number, expressions: Uint8Array): Uint8Array {
  const kept = parse(expressions).flatMap((expression): Expression[] => {
    const { name, data } = expression;
    if (name === "counter" || name === "last") return [];
    if (name === "quota") {
      const rest = listAttributes(data).filter(([type]) => type < QUOTA_CONSUMED);
      return [{ name, data: encodeAttributes(rest) }];
    }
    if (name !== "target") return [expression];
    const target = decodeAttributes(data);
    const rejects = readText(target.get(TARGET_NAME)) === "REJECT";
    return [rejects ? rejection(family, target.get(TARGET_INFO)) : expression];
  });
  return encodeAttributes(
    kept.map(({ name, data }) => [
      LIST_ELEMENT,
      [
        [EXPRESSION_NAME, name],
        [EXPRESSION_DATA, data],
      ],
    ]),
  );
}

const META_KEY = 2;
const META_L4PROTO = 16;
const PAYLOAD = { base: 2, offset: 3, length: 4 } as const;
const NETWORK_HEADER = 1;
const IPV4_PROTOCOL_OFFSET = 9;
const COMPARE = { operation: 2, data: 3 } as const;
const DATA_VALUE = 1;
const COMPAT = { protocol: 1, flags: 2 } as const;
/** NFT_RULE_COMPAT_F_INV. */
const INVERTED = 2;

function readsProtocol({ name, data }: Expression): boolean {
  const attributes = decodeAttributes(data);
  const number = (type: number) => readBigEndian(attributes.get(type));
  if (name === "meta") return number(META_KEY) === META_L4PROTO;
  return (
    name === "payload" &&
    number(PAYLOAD.base) === NETWORK_HEADER &&
    number(PAYLOAD.offset) === IPV4_PROTOCOL_OFFSET &&
    number(PAYLOAD.length) === 1
  );
}

/**
 * NFTA_RULE_COMPAT of a rule with matches of iptables, which tells these the protocol that the rule is for.
 * The kernel wants it and does not give it back, so it is read from the rule's own comparison.
 */
export function ruleCompat(expressions: Uint8Array): Uint8Array | undefined {
  const parsed = parse(expressions);
  if (!parsed.some(({ name }) => name === "match" || name === "target")) return undefined;
  const index = parsed.findIndex(readsProtocol);
  const comparison = decodeAttributes(parsed[index + 1]?.data ?? new Uint8Array());
  const data = decodeAttributes(comparison.get(COMPARE.data) ?? new Uint8Array());
  const protocol = data.get(DATA_VALUE)?.[0];
  if (index < 0 || parsed[index + 1]?.name !== "cmp" || protocol === undefined) return undefined;
  const inverted = (readBigEndian(comparison.get(COMPARE.operation)) ?? 0) !== 0;
  return encodeAttributes([
    [COMPAT.protocol, bigEndian(protocol)],
    [COMPAT.flags, bigEndian(inverted ? INVERTED : 0)],
  ]);
}
