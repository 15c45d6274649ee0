import type { Duplex } from "node:stream";
import { type LogDriver, readLogs } from "../../logs/index.ts";
import { type ContainerAttachOptions, conflict } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { pumpAttached } from "./pump-attached.ts";

/**
 * Joins a container's stdio, before its start too. The streams are joined when this resolves, so that a
 * client that starts the container afterwards misses nothing.
 */
export async function attachContainer(
  context: EngineContext,
  ref: string,
  options: ContainerAttachOptions,
): Promise<{ tty: boolean; run(client: Duplex): Promise<void> }> {
  const keys = parseDetachKeys(options.detachKeys);
  const container = context.containers.get(ref);
  if (container.paused) {
    throw conflict(`container ${ref} is paused, unpause the container before attach`);
  }
  if (container.record.state.status === "restarting") {
    throw conflict(`container ${ref} is restarting, wait until the container is running`);
  }
  const { Tty, OpenStdin } = container.record.config;
  const { stdout, stderr } = options;
  const stdin = options.stdin && OpenStdin;
  const stream = options.stream
    ? await context.supervisor.attach(container.id, { stdin, stdout, stderr })
    : undefined;
  const end = () => stream?.destroy();
  container.attachments.add(end);
  return {
    tty: Tty,
    async run(client) {
      try {
        if (options.logs) await replay(context, container, options, client);
        publishContainerEvent(context, container, "attach");
        if (stream === undefined) return;
        const pumped = { stdin, keys: Tty ? keys : undefined };
        const outcome = await pumpAttached(client, stream, pumped);
        if (outcome === "detached") publishContainerEvent(context, container, "detach");
        if (outcome === "ended") await awaitExit(container);
      } finally {
        container.attachments.delete(end);
      }
    },
  };
}

/** A client that has sent all its input learns of the end when the container has ended. */
async function awaitExit(container: Container): Promise<void> {
  const { StdinOnce, Tty } = container.record.config;
  if (StdinOnce && !Tty && container.alive) await container.wait("not-running");
}

async function replay(
  context: EngineContext,
  container: Container,
  options: ContainerAttachOptions,
  client: Duplex,
): Promise<void> {
  const { LogConfig } = container.record.hostConfig;
  const gone = new AbortController();
  client.once("close", () => gone.abort());
  const chunks = readLogs(
    context.store.snapshots.containerDirectory(container.id),
    { driver: LogConfig.Type as LogDriver, options: LogConfig.Config },
    {
      stdout: options.stdout,
      stderr: options.stderr,
      follow: false,
      timestamps: false,
      details: false,
      tty: container.record.config.Tty,
    },
    gone.signal,
  );
  for await (const chunk of chunks) {
    if (client.destroyed) return;
    if (!client.write(chunk)) await drained(client);
  }
}

function drained(client: Duplex): Promise<void> {
  return new Promise((resolve) => {
    client.once("drain", resolve);
    client.once("close", resolve);
  });
}
