import type { VolumeFile } from "../../../spec/index.ts";
import { between, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME[@SNAPSHOT] [PATH]",
  description: "List the files of a volume, without a container",
  args: between(1, 2),
  flags: { format: string(LIST_FORMAT_USAGE) },
  run: async ({ values, args, context }) => {
    const [ref = "", path = "/"] = args;
    const { volumes } = await context.client();
    const files = await Array.fromAsync(await volumes.files(ref, path));
    await printList(context.stdout, FILE_LIST, files, { format: values.format });
    return undefined;
  },
});

const LETTERS: Record<VolumeFile["Type"], string> = {
  file: "-",
  directory: "d",
  symlink: "l",
  character: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

/** As ls(1) writes it: `-rw-r--r--`. */
export function modeText({ Type, Mode }: Pick<VolumeFile, "Type" | "Mode">): string {
  const bits = (shift: number, special: number, letters: [set: string, without: string]) => {
    const three = Mode >> shift;
    const execute = (three & 1) !== 0;
    const last = (Mode & special) !== 0 ? (execute ? letters[0] : letters[1]) : execute ? "x" : "-";
    return `${(three & 4) === 0 ? "-" : "r"}${(three & 2) === 0 ? "-" : "w"}${last}`;
  };
  return [
    LETTERS[Type],
    bits(6, 0o4000, ["s", "S"]),
    bits(3, 0o2000, ["s", "S"]),
    bits(0, 0o1000, ["t", "T"]),
  ].join("");
}

/** Names come from containers: what would steer a terminal is shown as `?`. */
const shown = (name: string): string => name.replace(/[\p{Cc}\p{Cf}]/gu, "?");

const FILE_LIST: ListSpec<VolumeFile> = {
  typeName: "*formatter.volumeFileContext",
  headings: {
    Mode: "MODE",
    Owner: "OWNER",
    Size: "SIZE",
    Modified: "MODIFIED",
    Name: "NAME",
    Type: "TYPE",
  },
  columns: ["Mode", "Owner", "Size", "Modified", "Name"],
  row: (file) => ({
    Mode: modeText(file),
    Owner: `${file.Uid}:${file.Gid}`,
    Size: String(file.Size),
    Modified: file.Modified.replace(/\.000Z$/, "Z"),
    Name:
      shown(file.Name) +
      (file.LinkTarget === undefined ? "" : ` -> ${shown(file.LinkTarget)}`) +
      (file.Type === "directory" ? "/" : ""),
    Type: file.Type,
  }),
};
