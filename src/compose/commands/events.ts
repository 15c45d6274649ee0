import { defineCommand } from "../../cli/command.ts";
import { instant } from "../../cli/commands/container/logs.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { LABEL } from "../model/labels.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Receive real time events from containers",
  args: anyArguments,
  flags: {
    json: bool("Output events as a stream of json objects"),
    since: string("Show all events created since timestamp"),
    until: string("Stream events until this timestamp"),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const events = await work.client.system.events({
      filters: { type: ["container"], label: [`${LABEL.project}=${work.project.name}`] },
      ...(values.since === "" ? {} : { since: instant(values.since, "since") }),
      ...(values.until === "" ? {} : { until: instant(values.until, "until") }),
    });
    for await (const { Action, Actor, timeNano } of events) {
      const { [LABEL.service]: service = "", ...attributes } = Actor.Attributes;
      if (args.length > 0 && !args.includes(service)) continue;
      const shown = Object.entries(attributes).filter(
        ([key]) => !key.startsWith("com.docker.compose."),
      );
      const time = new Date(Number(BigInt(timeNano) / 1_000_000n)).toISOString();
      if (values.json) {
        const event = {
          action: Action,
          attributes: Object.fromEntries(shown),
          id: Actor.ID,
          service,
          time,
          type: "container",
        };
        context.stdout.line(JSON.stringify(event));
      } else {
        const pairs = shown.map(([key, value]) => `${key}=${value}`).join(", ");
        const at = time.replace("T", " ").replace("Z", "000");
        context.stdout.line(`${at} container ${Action} ${Actor.ID} (${pairs})`);
      }
      await context.stdout.flush();
    }
    return 0;
  },
});
