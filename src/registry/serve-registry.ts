import { errorMessage } from "../spec/index.ts";
import { openRegistry } from "./open-registry.ts";
import type { RegistryLog } from "./registry-log.ts";
import type { RegistrySettings } from "./registry-settings.ts";

export interface RunningRegistry {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  readonly port: number;
  /** Answers what has been asked, for some seconds, then ends. */
  stop(): Promise<void>;
}

/** Seconds without a byte in either direction after which a connection is closed; the most that there is. */
const IDLE_TIMEOUT = 255;
/** Milliseconds. */
const STOP_TIMEOUT = 10_000;

/** Listens and collects garbage at its times. */
export async function serveRegistry(
  settings: RegistrySettings,
  log: RegistryLog,
): Promise<RunningRegistry> {
  const { app, collector, services, webhooks } = await openRegistry(settings, log);
  const { tls } = settings;
  const server = Bun.serve({
    hostname: settings.hostname,
    port: settings.port,
    idleTimeout: IDLE_TIMEOUT,
    // Blobs have any size; their limits are the settings'.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    ...(tls === undefined
      ? {}
      : { tls: { cert: Bun.file(tls.certificate), key: Bun.file(tls.key) } }),
    fetch: (request, listener) => app.handle(request, listener.requestIP(request)?.address ?? ""),
    error: (error) => {
      log.log("error", "answer", { error: errorMessage(error) });
      return new Response(null, { status: 500 });
    },
  });
  await webhooks.start();
  const timer = settings.gc.interval > 0 ? setInterval(collect, settings.gc.interval) : undefined;
  function collect(): void {
    collector.collect().then(
      (collected) => {
        if (collected === undefined) return;
        services.quotas.forget();
        for (const [what, count] of Object.entries(collected)) {
          services.metrics.collected.add({ what }, count);
        }
        log.log("info", "collected", { ...collected });
      },
      (error: unknown) => log.log("error", "collect", { error: errorMessage(error) }),
    );
  }
  return {
    url: server.url.href.replace(/\/$/, ""),
    port: server.port ?? settings.port,
    stop: async () => {
      clearInterval(timer);
      const timeout = setTimeout(() => void server.stop(true), STOP_TIMEOUT);
      await server.stop();
      clearTimeout(timeout);
      await webhooks.stop();
    },
  };
}
