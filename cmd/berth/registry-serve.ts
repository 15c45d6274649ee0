import { existsSync } from "node:fs";
import {
  loadSettings,
  openRegistry,
  RegistryLog,
  serveRegistry,
} from "../../src/registry/index.ts";
import { invalidArgument } from "../../src/spec/index.ts";
import { readFlags } from "./read-flags.ts";

const SERVE_USAGE = `Usage:  berth registry serve [OPTIONS]

Run a registry (OCI Distribution 1.1, Docker Registry v2)

Options:
      --addr string       Address to listen on (default "127.0.0.1:5000")
      --root string       Directory of the content (default "/var/lib/berth/registry")
      --config string     Settings file, JSON or YAML (docs/registry.md); flags go before it
      --htpasswd string   File of users with bcrypt hashes: everybody must log in
      --tls-cert string   Certificate file (PEM): serve TLS
      --tls-key string    Key file (PEM)
      --read-only         Refuse pushes and deletions
`;

const storageFlags = { root: { type: "string" }, config: { type: "string" } } as const;

export async function serve(words: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(words, SERVE_USAGE, {
    ...storageFlags,
    addr: { type: "string" },
    htpasswd: { type: "string" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    "read-only": { type: "boolean" },
  });
  if (positionals.length > 0) throw invalidArgument(`unexpected argument "${positionals[0]}"`);
  const { "tls-cert": tlsCertificate, "tls-key": tlsKey, "read-only": readOnly, ...rest } = values;
  const settings = await loadSettings(
    withoutUndefined({ ...rest, tlsCertificate, tlsKey, readOnly }),
  );
  const log = stderrLog(settings.logLevel);
  const registry = await serveRegistry(settings, log);
  log.log("info", "serving", { url: registry.url, root: settings.root });
  process.on("SIGHUP", () => void registry.reload());
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      registry.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

const GC_USAGE = `Usage:  berth registry gc [OPTIONS]

Remove what nothing refers to from a registry's storage; the registry may be serving

Options:
      --root string     Directory of the content (default "/var/lib/berth/registry")
      --config string   Settings file of the registry
`;

export async function collectGarbage(words: readonly string[]): Promise<void> {
  const { values } = readFlags(words, GC_USAGE, storageFlags);
  const settings = await loadSettings(withoutUndefined({ ...values }));
  if (settings.s3 === undefined && !existsSync(settings.root)) {
    throw invalidArgument(
      `Cannot collect "${settings.root}": it is not there; --root or --config says where the registry is`,
    );
  }
  const { collector } = await openRegistry(settings, stderrLog(settings.logLevel));
  const collected = await collector.collect();
  if (collected === undefined) throw new Error("Cannot collect: another collector is at work");
  process.stdout.write(`${JSON.stringify(collected)}\n`);
  process.exit(0);
}

/** Of bcrypt: 2^n rounds. */
const COST = 10;

/** Reads the password from standard input, so that it stands in no list of processes. */
export async function printPassword(words: readonly string[]): Promise<void> {
  const usage =
    "Usage:  berth registry passwd USER < PASSWORD_FILE\n\nPrint a line for an htpasswd file\n";
  const { positionals } = readFlags(words, usage, {});
  const [user, ...extra] = positionals;
  if (user === undefined || extra.length > 0 || user.includes(":")) {
    throw invalidArgument(usage.trimEnd());
  }
  const password = (await Bun.stdin.text()).replace(/\r?\n$/, "");
  if (password === "") throw invalidArgument("Cannot hash the password: it is empty");
  const { hash } = await import("bcryptjs");
  process.stdout.write(`${user}:${await hash(password, COST)}\n`);
  process.exit(0);
}

function stderrLog(level: ConstructorParameters<typeof RegistryLog>[0]): RegistryLog {
  return new RegistryLog(level, (line) => void process.stderr.write(line));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
