import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "../../cli/command.ts";

/**
 * The directory of something that its name describes for good, filled once. `fill` gets a directory of its
 * own, which takes the name when it is complete.
 */
export async function cached(
  { environment }: CommandContext,
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const home = environment["XDG_CACHE_HOME"] || join(environment["HOME"] || tmpdir(), ".cache");
  const all = join(home, "berth/compose");
  const place = join(all, name);
  if (await Bun.file(join(place, ".complete")).exists()) return place;
  await mkdir(join(place, ".."), { recursive: true });
  const fresh = await mkdtemp(join(all, "fetch-"));
  try {
    await fill(fresh);
    await Bun.write(join(fresh, ".complete"), "");
    await rm(place, { recursive: true, force: true });
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  return place;
}
