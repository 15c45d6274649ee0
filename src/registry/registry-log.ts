export type RegistryLogLevel = "debug" | "info" | "warn" | "error";
const LEVELS: readonly RegistryLogLevel[] = ["debug", "info", "warn", "error"];

export type RegistryLogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What the registry tells its operator: one JSON object per line. */
export class RegistryLog {
  constructor(
    private readonly minimum: RegistryLogLevel,
    private readonly write: (line: string) => void,
  ) {}

  log(level: RegistryLogLevel, msg: string, fields: RegistryLogFields = {}): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.minimum)) return;
    const time = new Date().toISOString();
    this.write(`${JSON.stringify({ time, level, msg, ...fields })}\n`);
  }
}
