import { errorMessage } from "../spec/index.ts";
import { Listener } from "./http/listener.ts";
import { openRegistry } from "./open-registry.ts";
import type { RegistryLog } from "./registry-log.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import { CertificateFiles } from "./tls/certificate-files.ts";

export interface RunningRegistry {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  readonly port: number;
  /** Reads the certificate's files anew, as happens by itself when they change. */
  reload(): Promise<void>;
  /** Answers what has been asked, for some seconds, then ends. */
  stop(): Promise<void>;
}

/** Milliseconds. */
const STOP_TIMEOUT = 10_000;

/** Listens and collects garbage at its times. */
export async function serveRegistry(
  settings: RegistrySettings,
  log: RegistryLog,
): Promise<RunningRegistry> {
  const { app, collector, services, webhooks } = await openRegistry(settings, log);
  const files = settings.tls && new CertificateFiles(settings.tls, log);
  const listener = await Listener.open({
    hostname: settings.hostname,
    port: settings.port,
    certificate: await files?.read(),
    handle: (request, remote) => app.handle(request, remote),
    onBroken: (error) => log.log("error", "answer", { error: errorMessage(error) }),
  });
  files?.watch((certificate) => listener.renew(certificate));
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
  const host = settings.hostname.includes(":") ? `[${settings.hostname}]` : settings.hostname;
  return {
    url: `${settings.tls === undefined ? "http" : "https"}://${host}:${listener.port}`,
    port: listener.port,
    reload: async () => await files?.reload(),
    stop: async () => {
      clearInterval(timer);
      files?.stop();
      await listener.stop(STOP_TIMEOUT);
      await webhooks.stop();
    },
  };
}
