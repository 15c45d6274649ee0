import { type EventMessage, type Filters, matchesLabels } from "../../spec/index.ts";

/** Actions that carry a detail behind a colon; a filter without a colon means them all. */
const DETAILED = ["exec_create", "exec_start", "health_status"];

/** Does the event pass? Keys must all hold, values of one key are alternatives, labels must all hold. */
export function matchesEvent(event: EventMessage, filters: Filters): boolean {
  return Object.entries(filters).every(([key, values]) => {
    if (values.length === 0) return true;
    if (key === "label") return matchesLabels(values, event.Actor.Attributes);
    return values.some((value) => matchesValue(event, key, value));
  });
}

function matchesValue(event: EventMessage, key: string, value: string): boolean {
  switch (key) {
    case "event":
      return DETAILED.includes(value)
        ? event.Action === value || event.Action.startsWith(`${value}:`)
        : event.Action === value;
    case "type":
      return event.Type === value;
    case "scope":
      return event.scope === value;
    case "image":
      return matchesImage(event, value);
    default:
      return (
        event.Type === key &&
        (event.Actor.ID.startsWith(value) ||
          (event.Actor.Attributes["name"] ?? "").startsWith(value))
      );
  }
}

function matchesImage(event: EventMessage, value: string): boolean {
  const id = event.Actor.ID;
  const attributes = event.Actor.Attributes;
  const name = event.Type === "image" ? attributes["name"] : attributes["image"];
  return [id, name, withoutTag(id), name === undefined ? undefined : withoutTag(name)].includes(
    value,
  );
}

function withoutTag(reference: string): string {
  return reference.replace(/[:@][^/]*$/, "");
}
