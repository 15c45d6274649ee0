import { defineCommand } from "../../cli/command.ts";
import { bool, list, string } from "../../cli/flags/flag-kinds.ts";
import { delegate, flagWords } from "../delegate.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Creates containers for a service",
  args: anyArguments,
  flags: {
    build: bool("Build images before starting containers"),
    "force-recreate": bool(
      "Recreate containers even if their configuration and image haven't changed",
    ),
    "no-build": bool("Don't build an image, even if it's policy"),
    "no-recreate": bool(
      "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
    ),
    pull: string('Pull image before running ("always"|"missing"|"never"|"build")', {
      initial: "policy",
    }),
    "quiet-pull": bool("Pull without printing progress information"),
    "remove-orphans": bool("Remove containers for services not defined in the Compose file"),
    scale: list(
      "Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file if present.",
    ),
    yes: bool('Assume "yes" as answer to all prompts and run non-interactively', { short: "y" }),
  },
  run: ({ values, args, context }) => {
    const on = (
      [
        "build",
        "force-recreate",
        "no-build",
        "no-recreate",
        "quiet-pull",
        "remove-orphans",
      ] as const
    )
      .filter((name) => values[name])
      .map((name) => `--${name}`);
    const words = [
      "--no-start",
      ...on,
      ...flagWords("pull", values.pull),
      ...flagWords("scale", ...values.scale),
    ];
    return delegate(() => import("./up.ts"), [...words, ...args], context);
  },
});
