import type { CommandContext } from "../../cli/command.ts";
import type { RemoteFiles } from "../file/load-files.ts";
import { fetchGit } from "./fetch-git.ts";
import { fetchOci } from "./fetch-oci.ts";

/** Brings a Compose file of another host to this one, with the files that belong to it. */
export function fetchRemote(context: CommandContext, address: string): Promise<RemoteFiles> {
  return address.startsWith("oci://")
    ? fetchOci(context, address.slice("oci://".length))
    : fetchGit(context, address);
}
