import { invalidArgument } from "../../spec/index.ts";

/** signal(7), x86 and ARM. */
const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};

export const SIGKILL = 9;
export const SIGTERM = 15;
const RTMIN = 34;
const RTMAX = 64;

/** `SIGTERM`, `term`, `15`, `RTMIN+3`, `SIGRTMAX-1`. Throws Docker's words. */
export function parseSignal(text: string): number {
  const wrong = () => invalidArgument(`invalid signal: ${text}`);
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number < 1 || number > RTMAX) throw wrong();
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const known = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
  if (known !== undefined) return known;
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime === null) throw wrong();
  const [, edge, sign, offset = "0"] = realTime;
  const number = edge === "MIN" ? RTMIN + Number(offset) : RTMAX - Number(offset);
  const direction = edge === "MIN" ? "+" : "-";
  if ((sign !== undefined && sign !== direction) || number < RTMIN || number > RTMAX) throw wrong();
  return number;
}
