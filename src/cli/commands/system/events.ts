import type { EventMessage } from "../../../spec/index.ts";
import { parseTimestamp } from "../../../spec/timestamp.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Get real time events from the server",
  aliases: ["system events", "events"],
  args: noArguments,
  flags: {
    filter: filter("Filter output based on conditions provided", { short: "f" }),
    format: string(OBJECT_FORMAT_USAGE),
    since: string("Show all events created since timestamp"),
    until: string("Stream events until this timestamp"),
  },
  run: async ({ values, context }) => {
    const print = await eventPrinter(values.format);
    const { system } = await context.client();
    const events = await system.events({
      filters: toFilters(values.filter),
      ...(values.since === "" ? {} : { since: instant(values.since) }),
      ...(values.until === "" ? {} : { until: instant(values.until) }),
    });
    for await (const event of events) {
      context.stdout.line(print(event));
      await context.stdout.flush();
    }
    return undefined;
  },
});

function instant(text: string): bigint {
  try {
    return parseTimestamp(text);
  } catch (error) {
    throw new CliError(`failed to parse value as time or duration: "${text}"`, 1, { cause: error });
  }
}

async function eventPrinter(format: string): Promise<(event: EventMessage) => string> {
  if (format === "") return eventLine;
  if (format === "json" || format === "{{json .}}") return (event) => JSON.stringify(event);
  const { goType, parseTemplate } = await import("../../format/go-template/index.ts");
  const fail = (error: unknown): CliError => {
    const why = error instanceof Error ? error.message : String(error);
    return new CliError(`Error parsing format: ${why}`, 64, { cause: error });
  };
  try {
    const template = parseTemplate(format);
    const execute = (event: EventMessage): string =>
      template.execute({ ...eventFields(event), [goType]: "*events.Message" });
    // Mistakes show before the first event.
    execute(NO_EVENT);
    return execute;
  } catch (error) {
    throw fail(error);
  }
}

const NO_EVENT: EventMessage = {
  Type: "container",
  Action: "",
  Actor: { ID: "", Attributes: {} },
  scope: "local",
  time: 0,
  timeNano: 0,
};

function eventFields(event: EventMessage) {
  return {
    Status: event.status ?? event.Action,
    ID: event.id ?? "",
    From: event.from ?? "",
    Type: event.Type,
    Action: event.Action,
    Actor: { ID: event.Actor.ID, Attributes: new Map(Object.entries(event.Actor.Attributes)) },
    Scope: event.scope,
    Time: event.time,
    TimeNano: event.timeNano,
    toJSON: () => JSON.stringify(event),
  };
}

/** `2026-11-25T04:06:17.389179024Z container create ID (image=busybox, name=x)`. */
function eventLine({ time, timeNano, Type, Action, Actor }: EventMessage): string {
  const attributes = Object.entries(Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const suffix = attributes.length === 0 ? "" : ` (${attributes.join(", ")})`;
  return `${nanoTime(time, timeNano)} ${Type} ${Action} ${Actor.ID}${suffix}`;
}

/**
 * RFC 3339 with nine digits, in the local zone. Nanoseconds since the epoch exceed what a JavaScript
 * number holds exactly: the last digits are as near as it comes.
 */
function nanoTime(seconds: number, nanoseconds: number): string {
  const date = new Date(seconds * 1000);
  const fraction = nanoseconds === 0 ? 0n : BigInt(nanoseconds) - BigInt(seconds) * 1_000_000_000n;
  const digits = String(fraction < 0n ? 0n : fraction).padStart(9, "0");
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, 19);
  return `${local}.${digits}${zone(minutes)}`;
}

function zone(minutes: number): string {
  if (minutes === 0) return "Z";
  const absolute = Math.abs(minutes);
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(absolute / 60))}:${pad(absolute % 60)}`;
}
