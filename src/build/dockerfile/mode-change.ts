import { invalidArgument } from "../../spec/errors.ts";

/** `--chmod` as a function: permission bits (12) of a file or directory to those that it gets. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=][rwxXst]*|[-+=][ugo])+)$/;
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };

/** Octal (`755`, `0644`) or symbolic (`u=rwX,go=rX`), as chmod(1) has it. Throws `invalid-argument`. */
export function parseModeChange(text: string): ModeChange {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode > 0o7777) throw invalid(text);
    return () => mode;
  }
  const clauses = text.split(",").map((clause) => readClause(clause, text));
  return (mode, isDirectory) =>
    clauses.reduce((current, change) => change(current, isDirectory), mode);
}

const invalid = (text: string): Error =>
  invalidArgument(
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777, or symbolic as in u=rwX,go=rX`,
  );

function readClause(clause: string, text: string): ModeChange {
  const match = CLAUSE.exec(clause);
  if (match === null) throw invalid(text);
  const written = match[1] ?? "";
  const who = written === "" || written.includes("a") ? "ugo" : written;
  const actions = (match[2] ?? "").match(/[-+=][^-+=]*/g) ?? [];
  return (mode, isDirectory) =>
    actions.reduce((current, action) => act(current, who, action, isDirectory), mode);
}

function act(mode: number, who: string, action: string, isDirectory: boolean): number {
  const operator = action.charAt(0);
  const permissions = action.slice(1);
  let bits = 0;
  let affected = 0;
  for (const each of who) {
    const shift = SHIFT[each] ?? 0;
    affected |= 0o7 << shift;
    bits |= permissionBits(permissions, mode, isDirectory) << shift;
  }
  // The set-ID bits follow `s` for whom it is said; the sticky bit follows `t`.
  if (permissions.includes("s"))
    bits |= (who.includes("u") ? 0o4000 : 0) | (who.includes("g") ? 0o2000 : 0);
  if (permissions.includes("t")) bits |= 0o1000;
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  const special = (who.includes("u") ? 0o4000 : 0) | (who.includes("g") ? 0o2000 : 0);
  // chmod(1) leaves the set-ID bits of directories where they are not named.
  const cleared = isDirectory ? affected : affected | special;
  return (mode & ~cleared) | bits;
}

/** `X` is `x` for directories and for what someone may execute already; `u`, `g`, `o` copy. */
function permissionBits(permissions: string, mode: number, isDirectory: boolean): number {
  let bits = 0;
  for (const permission of permissions) {
    const shift = SHIFT[permission];
    if (shift !== undefined) bits |= (mode >> shift) & 0o7;
    else if (permission === "X") bits |= isDirectory || (mode & 0o111) !== 0 ? 1 : 0;
    else bits |= BITS[permission] ?? 0;
  }
  return bits;
}
