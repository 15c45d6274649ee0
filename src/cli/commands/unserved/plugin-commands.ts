import { LIST_FORMAT_LINE, OBJECT_FORMAT_LINE } from "../../format/format-flag.ts";
import type { UnservedCommands } from "./unserved-command.ts";

export const PLUGIN_COMMANDS: UnservedCommands = {
  create: {
    usage: "[OPTIONS] PLUGIN PLUGIN-DATA-DIR",
    description:
      "Create a plugin from a rootfs and configuration. Plugin data directory must contain config.json and rootfs directory.",
    flags: `
      --compress bool Compress the context using gzip`,
  },
  disable: {
    usage: "[OPTIONS] PLUGIN",
    description: "Disable a plugin",
    flags: `
      -f, --force bool Force the disable of an active plugin`,
  },
  enable: {
    usage: "[OPTIONS] PLUGIN",
    description: "Enable a plugin",
    flags: `
      --timeout int=30 HTTP client timeout (in seconds)`,
  },
  inspect: {
    usage: "[OPTIONS] PLUGIN [PLUGIN...]",
    description: "Display detailed information on one or more plugins",
    flags: `
      -f, --format string ${OBJECT_FORMAT_LINE}`,
  },
  install: {
    usage: "[OPTIONS] PLUGIN [KEY=VALUE...]",
    description: "Install a plugin",
    flags: `
      --alias string Local name for plugin
      --disable bool Do not enable the plugin on install
      --disable-content-trust bool=true Skip image verification
      --grant-all-permissions bool Grant all permissions necessary to run the plugin`,
  },
  ls: {
    usage: "[OPTIONS]",
    description: "List plugins",
    aliases: ["plugin ls", "plugin list"],
    flags: `
      -f, --filter filter Provide filter values (e.g. "enabled=true")
      --format string ${LIST_FORMAT_LINE}
      --no-trunc bool Don't truncate output
      -q, --quiet bool Only display plugin IDs`,
  },
  push: {
    usage: "[OPTIONS] PLUGIN[:TAG]",
    description: "Push a plugin to a registry",
    flags: `
      --disable-content-trust bool=true Skip image signing`,
  },
  rm: {
    usage: "[OPTIONS] PLUGIN [PLUGIN...]",
    description: "Remove one or more plugins",
    aliases: ["plugin rm", "plugin remove"],
    flags: `
      -f, --force bool Force the removal of an active plugin`,
  },
  set: {
    usage: "PLUGIN KEY=VALUE [KEY=VALUE...]",
    description: "Change settings for a plugin",
  },
  upgrade: {
    usage: "[OPTIONS] PLUGIN [REMOTE]",
    description: "Upgrade an existing plugin",
    flags: `
      --disable-content-trust bool=true Skip image verification
      --grant-all-permissions bool Grant all permissions necessary to run the plugin
      --skip-remote-check bool Do not check if specified remote plugin matches existing plugin image`,
  },
};
