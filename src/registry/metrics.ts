type Labels = Readonly<Record<string, string>>;

/** A number that only grows, per set of labels. */
export class Counter {
  private readonly values = new Map<string, number>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  add(labels: Labels, amount = 1): void {
    const key = labelText(labels);
    this.values.set(key, (this.values.get(key) ?? 0) + amount);
  }

  *lines(): Generator<string> {
    yield `# HELP ${this.name} ${this.help}`;
    yield `# TYPE ${this.name} counter`;
    for (const [labels, value] of this.values) yield `${this.name}${labels} ${value}`;
  }
}

const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

/** How long something takes. Seconds. */
export class Histogram {
  private readonly counts = BUCKETS.map(() => 0);
  private count = 0;
  private sum = 0;

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  observe(seconds: number): void {
    this.count += 1;
    this.sum += seconds;
    for (const [index, bound] of BUCKETS.entries()) {
      if (seconds <= bound) this.counts[index] = (this.counts[index] ?? 0) + 1;
    }
  }

  *lines(): Generator<string> {
    yield `# HELP ${this.name} ${this.help}`;
    yield `# TYPE ${this.name} histogram`;
    for (const [index, bound] of BUCKETS.entries()) {
      yield `${this.name}_bucket{le="${bound}"} ${this.counts[index]}`;
    }
    yield `${this.name}_bucket{le="+Inf"} ${this.count}`;
    yield `${this.name}_sum ${this.sum}`;
    yield `${this.name}_count ${this.count}`;
  }
}

/** What Prometheus is told. Repositories are no labels: strangers could make any number of them. */
export class RegistryMetrics {
  readonly requests = new Counter("berth_registry_requests_total", "Answered requests.");
  readonly duration = new Histogram(
    "berth_registry_request_seconds",
    "Time until the head of the answer.",
  );
  readonly bytesIn = new Counter("berth_registry_received_bytes_total", "Bytes of blobs received.");
  readonly bytesOut = new Counter("berth_registry_sent_bytes_total", "Bytes of blobs in answers.");
  readonly cache = new Counter("berth_registry_cache_total", "Pulls through the cache by outcome.");
  readonly webhooks = new Counter("berth_registry_webhooks_total", "Webhook calls by outcome.");
  readonly collected = new Counter("berth_registry_collected_total", "What the collector removed.");
  private inFlight = 0;

  begin(): void {
    this.inFlight += 1;
  }

  end(method: string, resource: string, status: number, seconds: number): void {
    this.inFlight -= 1;
    this.requests.add({ method, resource, status: String(status) });
    this.duration.observe(seconds);
  }

  async *countIn(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.bytesIn.add({}, chunk.length);
      yield chunk;
    }
  }

  /** Prometheus' text exposition format 0.0.4. */
  text(): string {
    const { requests, duration, bytesIn, bytesOut, cache, webhooks, collected } = this;
    const metrics = [requests, duration, bytesIn, bytesOut, cache, webhooks, collected];
    const lines = metrics.flatMap((metric) => [...metric.lines()]);
    lines.push(
      "# HELP berth_registry_requests_in_flight Requests that are being worked at.",
      "# TYPE berth_registry_requests_in_flight gauge",
      `berth_registry_requests_in_flight ${this.inFlight}`,
      "# HELP process_resident_memory_bytes Resident memory size in bytes.",
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    );
    return `${lines.join("\n")}\n`;
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
