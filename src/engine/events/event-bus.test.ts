import { describe, expect, test } from "bun:test";
import type { EventMessage } from "../../spec/index.ts";
import { systemClock } from "../clock.ts";
import { EventBus } from "./event-bus.ts";

const start = (id: string, attributes: Record<string, string> = {}, action = "start") => ({
  type: "container" as const,
  action,
  id,
  attributes: { image: "busybox", name: `name-${id}`, ...attributes },
});

async function collect(events: AsyncIterable<EventMessage>, count = 99): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(`${event.Actor.ID} ${event.Action}`);
    if (seen.length === count) break;
  }
  return seen;
}

describe("EventBus", () => {
  test("tells subscribers what comes, from the call on, and forgets them", async () => {
    const bus = new EventBus(systemClock());
    bus.publish(start("before"));
    const events = bus.subscribe({ filters: {} }, new AbortController().signal);
    bus.publish(start("a"));
    bus.publish(start("b"));
    expect(await collect(events, 2)).toEqual(["a start", "b start"]);
    expect(bus.listenerCount).toBe(0);
  });

  test("replays the ring between since and until and ends", async () => {
    const clock = systemClock();
    const bus = new EventBus(clock, { history: 3 });
    const since = clock.nanoseconds();
    for (const id of ["a", "b", "c", "d"]) bus.publish(start(id));
    const until = clock.nanoseconds();
    const events = bus.subscribe({ since, until, filters: {} }, new AbortController().signal);
    expect(await collect(events)).toEqual(["b start", "c start", "d start"]);
  });

  test("ends at an until in the future", async () => {
    const clock = systemClock();
    const bus = new EventBus(clock);
    const until = clock.nanoseconds() + 20_000_000n;
    const events = bus.subscribe({ until, filters: {} }, new AbortController().signal);
    bus.publish(start("a"));
    expect(await collect(events)).toEqual(["a start"]);
  });

  test("ends when the caller goes away", async () => {
    const bus = new EventBus(systemClock());
    const caller = new AbortController();
    const seen = collect(bus.subscribe({ filters: {} }, caller.signal));
    bus.publish(start("a"));
    await Bun.sleep(1);
    caller.abort();
    expect(await seen).toEqual(["a start"]);
    expect(bus.listenerCount).toBe(0);
  });

  test("cuts off who is too slow, after what it was given", async () => {
    const bus = new EventBus(systemClock(), { backlog: 2 });
    const events = bus.subscribe({ filters: {} }, new AbortController().signal);
    for (const id of ["a", "b", "c"]) bus.publish(start(id));
    expect((await events.next()).value.Actor.ID).toBe("a");
    expect((await events.next()).value.Actor.ID).toBe("b");
    expect(events.next()).rejects.toThrow("too slow");
    expect(bus.listenerCount).toBe(0);
  });

  test("fills in the old spellings for containers", async () => {
    const bus = new EventBus(systemClock());
    const events = bus.subscribe({ filters: {} }, new AbortController().signal);
    bus.publish(start("a"));
    const { value } = await events.next();
    expect(value).toMatchObject({ status: "start", id: "a", from: "busybox", scope: "local" });
    expect(Math.abs(value.time - Date.now() / 1000)).toBeLessThan(2);
  });
});

describe("filters", () => {
  const cases: [string, Record<string, string[]>, string[]][] = [
    ["by action", { event: ["die"] }, ["b die"]],
    ["by prefix of the id", { container: ["a"] }, ["a start", "a health_status: healthy"]],
    ["by name", { container: ["name-b"] }, ["b die"]],
    ["by action with a detail", { event: ["health_status"] }, ["a health_status: healthy"]],
    ["by the detail", { event: ["health_status: unhealthy"] }, []],
    ["by image", { image: ["busybox"] }, ["a start", "b die", "a health_status: healthy"]],
    ["by label", { label: ["tier=web", "x"] }, ["b die"]],
    ["by type", { type: ["network"] }, ["n create"]],
    ["all keys must hold", { type: ["network"], event: ["die"] }, []],
  ];
  for (const [name, filters, expected] of cases) {
    test(name, async () => {
      const clock = systemClock();
      const bus = new EventBus(clock);
      bus.publish(start("a"));
      bus.publish(start("b", { tier: "web", x: "", image: "busybox:1" }, "die"));
      bus.publish(start("a", {}, "health_status: healthy"));
      bus.publish({ type: "network", action: "create", id: "n", attributes: { name: "n" } });
      const until = clock.nanoseconds();
      const events = bus.subscribe({ since: 0n, until, filters }, new AbortController().signal);
      expect(await collect(events)).toEqual(expected);
    });
  }
});
