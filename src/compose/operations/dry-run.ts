import type { EngineClient } from "../../client/index.ts";

/** Calls that only look. */
const LOOKS = new Set(["list", "inspect", "events", "ping", "version", "info", "history", "top"]);

/**
 * A client that asks the engine but changes nothing: what would be created is told an id, and what is told
 * of such an id is as if it had been done.
 */
export function dryRun(client: EngineClient): EngineClient {
  let count = 0;
  const invented = () => `dryrun${String(++count).padStart(58, "0")}`;
  const wrap = (calls: object): object =>
    new Proxy(calls, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => answer(String(name), args, () => value.apply(target, args));
      },
    });
  const answer = (name: string, args: unknown[], call: () => unknown): unknown => {
    const made = String(args[0] ?? "").startsWith("dryrun");
    if (LOOKS.has(name) && !made) return call();
    if (name === "create") return Promise.resolve({ Id: invented(), Warnings: [], Name: "" });
    if (name === "inspect") return Promise.resolve(pretended(String(args[0])));
    if (name === "pull" || name === "push" || name === "build") return Promise.resolve(nothing());
    return Promise.resolve(undefined);
  };
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "object" && value !== null ? wrap(value) : value;
    },
  });
}

async function* nothing(): AsyncGenerator<never, void> {}

/** A container that has done whatever somebody waits for. */
const pretended = (id: string) => ({
  Id: id,
  Name: `/${id}`,
  Mounts: [],
  Config: { Labels: {}, Healthcheck: { Test: ["CMD", "true"] } },
  State: {
    Status: "running",
    Running: true,
    ExitCode: 0,
    StartedAt: "2000-01-01T00:00:00Z",
    Health: { Status: "healthy" },
  },
});
