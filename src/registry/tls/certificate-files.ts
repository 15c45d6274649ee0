import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import { errorMessage, invalidArgument } from "../../spec/index.ts";
import type { Certificate } from "../http/listener.ts";
import type { RegistryLog } from "../registry-log.ts";

/** Paths of PEM files. */
export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

/** Programs that renew write both files one after the other; the pair is read when they have settled. */
const SETTLING = 200;

/** A certificate and its key, read anew when their files change. */
export class CertificateFiles {
  private readonly watchers: FSWatcher[] = [];
  private timer: NodeJS.Timeout | undefined;
  private current: Certificate | undefined;
  private use: (certificate: Certificate) => Promise<void> = async () => {};

  constructor(
    private readonly paths: CertificatePaths,
    private readonly log: RegistryLog,
  ) {}

  /** Throws invalid-argument for files that are missing or do not belong together. */
  async read(): Promise<Certificate> {
    try {
      const [cert, key] = await Promise.all([
        readFile(this.paths.certificate, "utf8"),
        readFile(this.paths.key, "utf8"),
      ]);
      createSecureContext({ cert, key });
      this.current = { cert, key };
      return this.current;
    } catch (cause) {
      const message = `Cannot use "${this.paths.certificate}": ${errorMessage(cause)}`;
      throw invalidArgument(message, cause);
    }
  }

  /**
   * Calls `use` with each new pair. The directories are watched, since renewing replaces files or, where
   * they are mounted from a cluster's secret, the link to their directory.
   */
  watch(use: (certificate: Certificate) => Promise<void>): void {
    this.use = use;
    const directories = new Set(Object.values(this.paths).map((path) => dirname(path)));
    for (const directory of directories) {
      const watcher = watch(directory, { persistent: false }, () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.reload(), SETTLING);
      });
      watcher.on("error", (error) => this.report(error));
      this.watchers.push(watcher);
    }
  }

  /** With files that are no good the certificate stays what it was. */
  async reload(): Promise<void> {
    const before = this.current;
    try {
      const next = await this.read();
      if (next.cert === before?.cert && next.key === before.key) return;
      await this.use(next);
      this.log.log("info", "certificate", { file: this.paths.certificate });
    } catch (error) {
      this.report(error);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    for (const watcher of this.watchers) watcher.close();
  }

  private report(error: unknown): void {
    this.log.log("warn", "certificate", { error: errorMessage(error) });
  }
}
