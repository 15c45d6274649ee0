import type { Plain } from "../node.ts";

/** `source[:target[:permissions]]` as a mapping. Throws Error. */
export function expandDevice(text: string): { [key: string]: Plain } {
  const [source = "", target = source, permissions = "rwm", ...rest] = text.split(":");
  if (source === "" || rest.length > 0)
    throw new Error(`confusing device mapping, please use long syntax: ${text}`);
  return { source, target, permissions };
}
