import { BASE_CHAINS } from "../ruleset.ts";

type Listed = Readonly<Record<string, unknown>>;

const BASE: ReadonlySet<string> = new Set(BASE_CHAINS);

interface Table {
  /** Chain → its rules, in order. */
  chains: Map<string, string[]>;
  /** Chain → the hook that it hangs on, and its policy. */
  hooks: Map<string, string>;
  /** Map or set → its elements, in order of their text. */
  sets: Map<string, string[]>;
}

/**
 * In what the rules that are there differ from those that should be, as sentences. Both are objects as nft
 * lists them (libnftables-json(5)), of one table each; the wanted one is detached. `undefined`: no table.
 */
export function rulesetDrifts(
  wanted: readonly Listed[],
  present: readonly Listed[] | undefined,
): string[] {
  if (present === undefined) return ["The packet rules are missing"];
  const [want, have] = [readTable(wanted), readTable(present)];
  const drifts: string[] = [];
  for (const [name, rules] of want.chains) {
    const now = have.chains.get(name);
    const hook = BASE.has(name) ? `${name} accept` : undefined;
    if (now === undefined) drifts.push(`The chain "${name}" of the packet rules is missing`);
    else if (have.hooks.get(name) !== hook) {
      drifts.push(`The chain "${name}" of the packet rules hangs on another hook than it should`);
    } else if (!Bun.deepEquals(now, rules)) {
      drifts.push(`The chain "${name}" of the packet rules is not as it should be`);
    }
  }
  for (const name of have.chains.keys()) {
    if (!want.chains.has(name)) drifts.push(`The packet rules have a chain "${name}" too many`);
  }
  for (const [name, elements] of want.sets) {
    const now = have.sets.get(name);
    if (now === undefined) drifts.push(`The set "${name}" of the packet rules is missing`);
    else drifts.push(...elementDrifts(name, elements, now));
  }
  return drifts;
}

function elementDrifts(name: string, wanted: readonly string[], now: readonly string[]): string[] {
  const [want, have] = [new Set(wanted), new Set(now)];
  return [
    ...wanted
      .filter((element) => !have.has(element))
      .map((element) => `The set "${name}" of the packet rules lacks ${element}`),
    ...now
      .filter((element) => !want.has(element))
      .map((element) => `The set "${name}" of the packet rules has ${element}, which is nobody's`),
  ];
}

function readTable(objects: readonly Listed[]): Table {
  const table: Table = { chains: new Map(), hooks: new Map(), sets: new Map() };
  for (const object of objects) {
    if ("chain" in object) {
      const { name, hook, policy } = object["chain"] as Listed;
      table.chains.set(String(name), []);
      if (hook !== undefined) table.hooks.set(String(name), `${String(hook)} ${String(policy)}`);
    } else if ("set" in object || "map" in object) {
      const { name, elem = [] } = (object["set"] ?? object["map"]) as Listed & {
        elem?: readonly unknown[];
      };
      table.sets.set(String(name), elem.map(elementText).sort());
    }
  }
  for (const object of objects) {
    if (!("rule" in object)) continue;
    const { chain, expr } = object["rule"] as Listed;
    table.chains.get(String(chain))?.push(JSON.stringify(expr));
  }
  return table;
}

/** `tcp . 8080 : 172.17.0.2 . 80`, as nft writes it. */
export function elementText(element: unknown): string {
  if (Array.isArray(element)) return element.map(elementText).join(" : ");
  if (typeof element !== "object" || element === null) return String(element);
  const { concat, elem, jump, prefix } = element as {
    concat?: readonly unknown[];
    elem?: { val: unknown };
    jump?: { target: string };
    prefix?: { addr: string; len: number };
  };
  if (concat !== undefined) return concat.map(elementText).join(" . ");
  if (elem !== undefined) return elementText(elem.val);
  if (jump !== undefined) return `jump ${jump.target}`;
  if (prefix !== undefined) return `${prefix.addr}/${prefix.len}`;
  return JSON.stringify(element);
}
