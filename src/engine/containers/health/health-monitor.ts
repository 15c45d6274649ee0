import type { Health, HealthConfig, HealthcheckResult } from "../../../spec/index.ts";
import { type Clock, timestamp } from "../../clock.ts";

const MILLISECOND = 1_000_000;
const DEFAULT_INTERVAL = 30_000;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_START_INTERVAL = 5_000;
const DEFAULT_RETRIES = 3;
const LOG_LENGTH = 5;
/** Bytes of a probe's output that are kept. */
export const PROBE_OUTPUT_LIMIT = 4096;

export interface ProbeResult {
  exitCode: number;
  output: string;
}

export interface HealthMonitorOptions {
  config: HealthConfig;
  health: Health;
  clock: Clock;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Runs the check once; ends it when the signal aborts, with what it has printed so far. */
  probe(command: string[], signal: AbortSignal): Promise<ProbeResult>;
  /** The status has changed; `health` holds it. */
  onChange(): void;
}

/** The probe's command line; undefined when there is no check to run. */
export function probeCommand(
  config: HealthConfig | undefined,
  shell: readonly string[] | null | undefined,
): string[] | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (kind === "CMD") return rest;
  if (kind === "CMD-SHELL") return [...(shell ?? ["/bin/sh", "-c"]), ...rest];
  return undefined;
}

/** Probes one running container in its interval and keeps its `health` up to date, until stopped. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #command: string[];
  #cancelTimer: () => void = () => {};
  #probing: AbortController | undefined;
  #stopped = true;

  constructor(options: HealthMonitorOptions, command: string[]) {
    this.#options = options;
    this.#command = command;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#schedule();
  }

  /** Also ends a probe that is under way; its result does not count. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
    this.#probing?.abort();
  }

  /** Milliseconds until the next probe. */
  interval(now: number): number {
    const { config, health, startedAt } = this.#options;
    const inStartPeriod = now - startedAt < milliseconds(config.StartPeriod, 0);
    return inStartPeriod && health.Status === "starting"
      ? milliseconds(config.StartInterval, DEFAULT_START_INTERVAL)
      : milliseconds(config.Interval, DEFAULT_INTERVAL);
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(this.interval(clock.now()), () => {
      this.#probe().then(
        () => this.#schedule(),
        () => this.#schedule(),
      );
    });
  }

  async #probe(): Promise<void> {
    const { clock, config } = this.#options;
    const start = clock.nanoseconds();
    const limit = milliseconds(config.Timeout, DEFAULT_TIMEOUT);
    const abort = new AbortController();
    this.#probing = abort;
    let timedOut = false;
    const cancelTimeout = clock.after(limit, () => {
      timedOut = true;
      abort.abort();
    });
    const outcome = await this.#options.probe(this.#command, abort.signal).catch((error) => ({
      exitCode: -1,
      output: error instanceof Error ? error.message : String(error),
    }));
    cancelTimeout();
    this.#probing = undefined;
    if (this.#stopped) return;
    const overdue = `Health check exceeded timeout (${goDuration(limit)})`;
    this.record({
      Start: timestamp(start),
      End: timestamp(clock.nanoseconds()),
      ExitCode: timedOut ? -1 : outcome.exitCode,
      Output: !timedOut
        ? outcome.output
        : outcome.output === ""
          ? overdue
          : `${overdue}: ${outcome.output}`,
    });
  }

  /** Takes a result into account: streak, status, log. */
  record(result: HealthcheckResult): void {
    const { health, config, startedAt } = this.#options;
    const before = health.Status;
    health.Log = [...health.Log, result].slice(-LOG_LENGTH);
    if (result.ExitCode === 0) {
      health.FailingStreak = 0;
      health.Status = "healthy";
    } else if (!this.#excused(Date.parse(result.Start) - startedAt)) {
      health.FailingStreak++;
      if (health.FailingStreak >= (config.Retries || DEFAULT_RETRIES)) health.Status = "unhealthy";
    }
    if (health.Status !== before) this.#options.onChange();
  }

  /** Failures while a container is still starting up do not count. */
  #excused(age: number): boolean {
    const { health, config } = this.#options;
    return health.Status === "starting" && age < milliseconds(config.StartPeriod, 0);
  }
}

function milliseconds(nanoseconds: number | undefined, byDefault: number): number {
  return nanoseconds === undefined || nanoseconds === 0 ? byDefault : nanoseconds / MILLISECOND;
}

/** As Go prints a duration: `1m30s`, `500ms`. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Number((seconds % 60).toFixed(3))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
