import type { Ulimit } from "../../spec/index.ts";
import { parseInteger } from "../flags/flag-kinds.ts";

const NAMES = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

/** `--ulimit nofile=1024:2048`; -1 is unlimited. */
export function parseUlimit(text: string): Ulimit {
  const [name = "", limits, ...extra] = text.split("=");
  if (limits === undefined || extra.length > 0) throw new Error(`invalid ulimit argument: ${text}`);
  if (!NAMES.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const values = limits.split(":");
  if (values.length > 2) {
    throw new Error(
      `too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``,
    );
  }
  const [soft = 0, hard = soft] = values.map((value) => {
    if (!/^[-+]?\d+$/.test(value)) {
      throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
    }
    return parseInteger(
      value.replace(/^([-+]?)0+(?=\d)/, "$1"),
      -(2n ** 63n),
      2n ** 63n - 1n,
      "ParseInt",
    );
  });
  if (hard !== -1 && soft === -1) {
    throw new Error(
      `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`,
    );
  }
  if (hard !== -1 && soft > hard) {
    throw new Error(
      `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  }
  return { Name: name, Hard: hard, Soft: soft };
}
