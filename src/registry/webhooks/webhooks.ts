import { createHmac, randomUUID } from "node:crypto";
import { errorMessage } from "../../spec/index.ts";
import type { RegistryMetrics } from "../metrics.ts";
import { matchesPattern } from "../names.ts";
import type { RegistryLog } from "../registry-log.ts";
import { lastWord } from "../storage/layout.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";

export type WebhookAction = "push" | "delete";

export interface Webhook {
  readonly url: string;
  /** Key of the HMAC-SHA256 signature in `X-Berth-Signature-256`; without it there is none. */
  readonly secret?: string;
  readonly actions: readonly WebhookAction[];
  readonly repositories: readonly string[];
}

export interface WebhookTarget {
  readonly repository: string;
  readonly digest?: string;
  readonly tag?: string;
  readonly mediaType?: string;
  readonly size?: number;
}

export interface WebhookOptions {
  readonly attempts: number;
  /** Before the second attempt; doubles from one to the next. Milliseconds. */
  readonly retryDelay: number;
  readonly longestDelay: number;
  /** Until an attempt counts as failed. Milliseconds. */
  readonly timeout: number;
}

export const defaultWebhookOptions: WebhookOptions = {
  attempts: 12,
  retryDelay: 1000,
  longestDelay: 10 * 60_000,
  timeout: 10_000,
};

interface Delivery {
  readonly id: string;
  readonly url: string;
  readonly body: string;
}

/** More wait in the storage alone, until the next start. */
const MOST_AT_ONCE = 1000;

/**
 * Tells other servers of pushes. A call is stored before the push is answered and made until it succeeds,
 * also after a restart: each at least once, and `id` tells repetitions.
 */
export class Webhooks {
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly hooks: readonly Webhook[],
    private readonly storage: RegistryStorage,
    private readonly metrics: RegistryMetrics,
    private readonly log: RegistryLog,
    private readonly options: WebhookOptions = defaultWebhookOptions,
  ) {}

  /** Goes on with what an earlier process could not deliver. */
  async start(): Promise<void> {
    if (this.hooks.length === 0) return;
    for await (const { key } of this.storage.list("webhooks")) {
      const bytes = await this.storage.read(key);
      if (bytes === undefined) continue;
      const delivery = JSON.parse(Buffer.from(bytes).toString()) as Delivery;
      if (lastWord(key) === delivery.id) this.run(delivery);
    }
  }

  async announce(
    action: WebhookAction,
    target: WebhookTarget,
    user: string | undefined,
    origin: string,
  ): Promise<void> {
    for (const hook of this.hooks) {
      const concerned =
        hook.actions.includes(action) &&
        hook.repositories.some((pattern) => matchesPattern(pattern, target.repository));
      if (!concerned) continue;
      const id = randomUUID();
      const delivery = { id, url: hook.url, body: envelope(id, action, target, user, origin) };
      await this.storage.write(`webhooks/${id}`, JSON.stringify(delivery));
      if (this.running.size < MOST_AT_ONCE) this.run(delivery);
    }
  }

  /** What is not delivered yet stays stored. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private run(delivery: Delivery): void {
    const run = this.deliver(delivery)
      .catch((error: unknown) => {
        this.log.log("error", "webhook", { url: delivery.url, error: errorMessage(error) });
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async deliver(delivery: Delivery): Promise<void> {
    const { attempts, retryDelay, longestDelay } = this.options;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const failure = await this.attempt(delivery);
      if (this.stopping.signal.aborted && failure !== undefined) return;
      this.metrics.webhooks.add({ outcome: failure === undefined ? "delivered" : "failed" });
      if (failure === undefined) return await this.storage.remove(`webhooks/${delivery.id}`);
      this.log.log("warn", "webhook failed", { url: delivery.url, attempt, error: failure });
      if (attempt < attempts) {
        await pause(Math.min(retryDelay * 2 ** (attempt - 1), longestDelay), this.stopping.signal);
        if (this.stopping.signal.aborted) return;
      }
    }
    this.metrics.webhooks.add({ outcome: "given up" });
    await this.storage.remove(`webhooks/${delivery.id}`);
  }

  /** Undefined on success, else what went wrong. */
  private async attempt({ id, url, body }: Delivery): Promise<string | undefined> {
    const secret = this.hooks.find((hook) => hook.url === url)?.secret;
    const headers: Record<string, string> = {
      "Content-Type": "application/vnd.docker.distribution.events.v2+json",
      "User-Agent": "berth",
      "X-Berth-Delivery": id,
    };
    if (secret !== undefined) {
      const signature = createHmac("sha256", secret).update(body).digest("hex");
      headers["X-Berth-Signature-256"] = `sha256=${signature}`;
    }
    try {
      const signal = AbortSignal.any([
        this.stopping.signal,
        AbortSignal.timeout(this.options.timeout),
      ]);
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        redirect: "error",
        signal,
      });
      await response.body?.cancel();
      return response.ok ? undefined : `the server answers ${response.status}`;
    } catch (error) {
      return errorMessage(error);
    }
  }
}

/** Docker's registry documentation, "Work with notifications". */
function envelope(
  id: string,
  action: WebhookAction,
  target: WebhookTarget,
  user: string | undefined,
  origin: string,
): string {
  const { repository, digest, tag } = target;
  const event = {
    id,
    timestamp: new Date().toISOString(),
    action,
    target: {
      ...target,
      ...(target.size === undefined ? {} : { length: target.size }),
      url: `${origin}/v2/${repository}/manifests/${digest ?? tag}`,
    },
    actor: user === undefined ? {} : { name: user },
  };
  return JSON.stringify({ events: [event] });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
