import type { EventMessage } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";

export interface HealthWatch {
  /** Resolves once the container is healthy. @throws CliError when it ends, fails or has no check */
  healthy(): Promise<void>;
  /** Gives up listening. */
  stop(): void;
}

/** Listens before the container starts, so that no change of its health is missed. */
export async function watchHealth(context: CommandContext, id: string): Promise<HealthWatch> {
  const { containers, system } = await context.client();
  const { Config } = await containers.inspect(id);
  const test = Config.Healthcheck?.Test ?? [];
  if (test.length === 0 || test[0] === "NONE") {
    throw new CliError(
      `Cannot wait until "${id.slice(0, 12)}" is healthy: it has no health check; give it one with --health-cmd`,
      125,
    );
  }
  const abort = new AbortController();
  const filters = { container: [id], event: ["health_status", "die"] };
  const events = await system.events({ filters }, abort.signal);
  const short = id.slice(0, 12);
  return {
    stop: () => abort.abort(),
    healthy: async () => {
      try {
        for await (const event of events) if (decides(event, short)) return;
      } finally {
        abort.abort();
      }
      throw new CliError(`Cannot wait until "${short}" is healthy: the daemon went away`, 1);
    },
  };
}

function decides({ Action, Actor }: EventMessage, name: string): boolean {
  if (Action === "health_status: healthy") return true;
  if (Action === "health_status: unhealthy") {
    throw new CliError(`"${name}" is unhealthy: see its checks with inspect`, 1);
  }
  if (Action === "die") {
    const code = Actor.Attributes["exitCode"] ?? "?";
    throw new CliError(`"${name}" ended with exit code ${code} before it was healthy`, 1);
  }
  return false;
}
