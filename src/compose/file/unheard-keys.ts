import { PathTable } from "./path-table.ts";
import type { Project } from "./project.ts";

const SWARM = "it speaks to a swarm, and this engine is one host";
const ORPHAN = "there is no driver of that kind";

/** Keys that can be said and change nothing here, and why. */
export const UNHEARD: readonly (readonly [pattern: string, why: string])[] = [
  ["services.*.build.privileged", "say entitlements: [security.insecure]"],
  ["services.*.deploy.endpoint_mode", SWARM],
  ["services.*.deploy.mode", SWARM],
  ["services.*.deploy.labels", "they are a swarm service's, not its containers'"],
  ["services.*.deploy.placement", SWARM],
  ["services.*.deploy.rollback_config", "rolling back needs no settings of its own"],
  ["services.*.deploy.resources.reservations.cpus", SWARM],
  ["services.*.deploy.resources.reservations.generic_resources", SWARM],
  ["services.*.deploy.restart_policy.delay", "the engine chooses the pauses between restarts"],
  ["services.*.deploy.restart_policy.window", "the engine counts every restart"],
  ["services.*.ports.[].app_protocol", "it is for readers"],
  ["services.*.ports.[].name", "it is for readers"],
  ["services.*.pull_refresh_after", "say pull_policy: every_<duration>"],
  ["services.*.volumes.[].consistency", "files are always consistent on Linux"],
  ["secrets.*.driver", ORPHAN],
  ["secrets.*.driver_opts", ORPHAN],
  ["secrets.*.template_driver", ORPHAN],
  ["secrets.*.labels", "secrets are files here, which have no labels"],
  ["configs.*.template_driver", ORPHAN],
  ["configs.*.labels", "configs are files here, which have no labels"],
];

/** Said for everybody who speaks to a swarm, too: worth no word. */
const QUIET = new Set(["replicated", "vip", "rprivate"]);

/** A sentence for each key of the project that changes nothing. */
export function unheardKeys(project: Project): string[] {
  const table = new PathTable<string>(UNHEARD);
  const found: string[] = [];
  const visit = (value: unknown, pattern: readonly string[], path: readonly string[]): void => {
    const why = table.get(pattern);
    if (why !== undefined && value !== undefined && !QUIET.has(String(value))) {
      found.push(`${path.join(".")} has no effect: ${why}`);
      return;
    }
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        visit(item, [...pattern, "[]"], [...path, String(index)]);
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value))
        visit(item, [...pattern, key], [...path, key]);
    }
  };
  visit(project, [], []);
  return found;
}
