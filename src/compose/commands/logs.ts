import { defineCommand } from "../../cli/command.ts";
import { instant } from "../../cli/commands/container/logs.ts";
import { bool, int, string } from "../../cli/flags/flag-kinds.ts";
import { containersOf } from "../find-container.ts";
import { openRunning, usesColour } from "../open-project.ts";
import { logName, printLogs } from "../operations/follow-logs.ts";
import { ContainerWatch } from "../state/container-watch.ts";
import { LogPrinter } from "../view/log-printer.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "View output from containers",
  args: anyArguments,
  flags: {
    follow: bool("Follow log output", { short: "f" }),
    index: int("index of the container if service has multiple replicas"),
    "no-color": bool("Produce monochrome output"),
    "no-log-prefix": bool("Don't print prefix in logs"),
    since: string(
      "Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    ),
    tail: string("Number of lines to show from the end of the logs for each container", {
      short: "n",
      initial: "all",
    }),
    timestamps: bool("Show timestamps", { short: "t" }),
    until: string(
      "Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    ),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const printer = new LogPrinter(context.stdout, {
      prefix: !values["no-log-prefix"],
      colour: !values["no-color"] && usesColour(context),
    });
    const tail = /^\d+$/.test(values.tail) ? { tail: Number(values.tail) } : {};
    const options = {
      follow: values.follow,
      timestamps: values.timestamps,
      ...tail,
      ...(values.since === "" ? {} : { since: instant(values.since, "since") }),
      ...(values.until === "" ? {} : { until: instant(values.until, "until") }),
    };
    const watch = values.follow
      ? await ContainerWatch.open(work.client, work.project.name)
      : undefined;
    const found = (await containersOf(work, args, { all: true })).filter(
      ({ number }) => values.index === 0 || number === values.index,
    );
    for (const { name } of found) printer.announce(logName(work.project.name, name));
    const following = new Map<string, Promise<void>>();
    const follow = (container: { id: string; name: string }) => {
      const done = printLogs(work, printer, container, options).finally(() =>
        following.delete(container.id),
      );
      following.set(container.id, done);
      return done;
    };
    // Containers that are made or started again while we look are shown too.
    watch?.listen(({ Action, Actor }) => {
      const service = Actor.Attributes["com.docker.compose.service"] ?? "";
      if (Action !== "start" || following.has(Actor.ID)) return;
      if (args.length > 0 && !args.includes(service)) return;
      void follow({ id: Actor.ID, name: Actor.Attributes["name"] ?? service }).catch(() => {});
    });
    await Promise.all(found.map(follow));
    while (values.follow && following.size > 0) await Promise.all(following.values());
    watch?.close();
    return 0;
  },
});
