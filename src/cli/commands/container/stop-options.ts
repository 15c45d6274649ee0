import { CliError } from "../../cli-error.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { int, string } from "../../flags/flag-kinds.ts";

/** The flags that `stop` and `restart` share. */
export const stopFlags = {
  signal: string("Signal to send to the container", { short: "s" }),
  timeout: int("Seconds to wait before killing the container", {
    short: "t",
    otherNames: ["time"],
  }),
};

export function stopOptions(
  values: FlagValues<typeof stopFlags>,
  changed: ReadonlySet<string>,
): { signal?: string; timeout?: number } {
  if (!Number.isSafeInteger(values.timeout)) throw new CliError("invalid timeout");
  return {
    ...(values.signal === "" ? {} : { signal: values.signal }),
    ...(changed.has("timeout") ? { timeout: values.timeout } : {}),
  };
}
