import { LIST_FORMAT_LINE, OBJECT_FORMAT_LINE } from "../../format/format-flag.ts";
import type { UnservedCommands } from "./unserved-command.ts";

export const CONFIG_COMMANDS: UnservedCommands = {
  create: {
    usage: "[OPTIONS] CONFIG file|-",
    description: "Create a config from a file or STDIN",
    flags: `
      -l, --label list Config labels
      --template-driver string Template driver`,
  },
  inspect: {
    usage: "[OPTIONS] CONFIG [CONFIG...]",
    description: "Display detailed information on one or more configs",
    flags: `
      -f, --format string ${OBJECT_FORMAT_LINE}
      --pretty bool Print the information in a human friendly format`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List configs",
    aliases: ["config ls", "config list"],
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      -q, --quiet bool Only display IDs`,
  },
  rm: {
    usage: "CONFIG [CONFIG...]",
    description: "Remove one or more configs",
    aliases: ["config rm", "config remove"],
  },
};

export const SECRET_COMMANDS: UnservedCommands = {
  create: {
    usage: "[OPTIONS] SECRET [file|-]",
    description: "Create a secret from a file or STDIN as content",
    flags: `
      -d, --driver string Secret driver
      -l, --label list Secret labels
      --template-driver string Template driver`,
  },
  inspect: {
    usage: "[OPTIONS] SECRET [SECRET...]",
    description: "Display detailed information on one or more secrets",
    flags: `
      -f, --format string ${OBJECT_FORMAT_LINE}
      --pretty bool Print the information in a human friendly format`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List secrets",
    aliases: ["secret ls", "secret list"],
    flags: `
      -f, --filter filter Filter output based on conditions provided
      --format string ${LIST_FORMAT_LINE}
      -q, --quiet bool Only display IDs`,
  },
  rm: {
    usage: "SECRET [SECRET...]",
    description: "Remove one or more secrets",
    aliases: ["secret rm", "secret remove"],
  },
};
