import { readFile } from "node:fs/promises";
import { invalidArgument } from "../spec/index.ts";
import { type AccessRule, everythingForUsers, pullForAll } from "./access/access-rules.ts";
import type { ExternalTokens } from "./access/external-tokens.ts";
import type { Quota } from "./content/quotas.ts";
import type { RetentionRule } from "./garbage/retention.ts";
import type { UpstreamSettings } from "./proxy/upstream.ts";
import type { RegistryLogLevel } from "./registry-log.ts";
import type { RegistryLimits } from "./registry-services.ts";
import { SettingsReader } from "./settings-reader.ts";
import type { S3Settings } from "./storage/s3/s3-settings.ts";
import type { Webhook } from "./webhooks/webhooks.ts";

export interface AuthSettings {
  readonly realm: string;
  readonly htpasswd: string | undefined;
  /** The registry issues tokens itself; `lifetime` in seconds. */
  readonly ownTokens: { readonly service: string; readonly lifetime: number } | undefined;
  readonly externalTokens: ExternalTokens | undefined;
  readonly rules: readonly AccessRule[];
}

export interface RegistrySettings extends RegistryLimits {
  readonly hostname: string;
  readonly port: number;
  /** Of the file system; with `s3` not used. */
  readonly root: string;
  readonly s3: S3Settings | undefined;
  readonly externalUrl: string | undefined;
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly auth: AuthSettings | undefined;
  readonly upstreams: readonly UpstreamSettings[];
  /** Milliseconds; `interval` 0 never collects by itself. */
  readonly gc: {
    readonly interval: number;
    readonly grace: number;
    readonly uploadLifetime: number;
  };
  readonly retention: readonly RetentionRule[];
  readonly quotas: readonly Quota[];
  readonly readOnly: boolean;
  readonly webhooks: readonly Webhook[];
  readonly metrics: boolean;
  readonly logLevel: RegistryLogLevel;
}

const HOUR = 3_600_000;
/** Shorter, and a slow push could lose its first blobs before its manifest is there. Milliseconds. */
const SHORTEST_GRACE = 1000;

/** What flags say goes before what the file says. */
export interface SettingsFlags {
  readonly addr?: string;
  readonly root?: string;
  readonly config?: string;
  readonly readOnly?: boolean;
  readonly htpasswd?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
}

/** The settings file is JSON or, ending with `.yaml` or `.yml`, YAML. */
export async function loadSettings(flags: SettingsFlags): Promise<RegistrySettings> {
  const values = flags.config === undefined ? {} : await readSettingsFile(flags.config);
  return parseSettings(values, flags);
}

async function readSettingsFile(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw invalidArgument(`Cannot read "${file}": ${(cause as Error).message}`, cause);
  });
  try {
    return /\.ya?ml$/.test(file) ? Bun.YAML.parse(text) : JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`Cannot read "${file}": ${(cause as Error).message}`, cause);
  }
}

export function parseSettings(values: unknown, flags: SettingsFlags = {}): RegistrySettings {
  const file = SettingsReader.of(values);
  const s3 = file.section("s3");
  const gc = file.section("gc");
  const settings: RegistrySettings = {
    ...listenAddress(flags.addr ?? file.text("addr") ?? "127.0.0.1:5000"),
    root: flags.root ?? file.text("root") ?? "/var/lib/berth/registry",
    s3: s3 && readS3(s3),
    externalUrl: file.url("externalUrl")?.replace(/\/+$/, ""),
    tls: readTls(file, flags),
    auth: readAuth(file, flags),
    upstreams: file.sections("upstreams").map(readUpstream),
    gc: {
      interval: gc?.duration("interval") ?? 6 * HOUR,
      grace: Math.max(gc?.duration("grace") ?? HOUR, SHORTEST_GRACE),
      uploadLifetime: gc?.duration("uploadLifetime") ?? 24 * HOUR,
    },
    retention: file.sections("retention").map(readRetention),
    quotas: file.sections("quotas").map(readQuota),
    readOnly: flags.readOnly ?? file.flag("readOnly") ?? false,
    webhooks: file.sections("webhooks").map(readWebhook),
    metrics: file.flag("metrics") ?? true,
    logLevel: file.oneOf("logLevel", ["debug", "info", "warn", "error"]) ?? "info",
    maxBlobSize: file.size("maxBlobSize") ?? Number.POSITIVE_INFINITY,
    maxManifestSize: file.size("maxManifestSize") ?? 4 << 20,
    maxUploads: file.count("maxUploads") ?? 10_000,
    allowSparseIndexes: file.flag("allowSparseIndexes") ?? false,
  };
  gc?.finish();
  for (const name of ["addr", "root", "readOnly"]) file.known(name);
  file.finish();
  return settings;
}

function listenAddress(text: string): { hostname: string; port: number } {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65535) {
    throw invalidArgument(`Cannot listen on "${text}": it is no host:port`);
  }
  return {
    hostname: host === "" ? "0.0.0.0" : host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
  };
}

function readS3(reader: SettingsReader): S3Settings {
  const accessKeyId = reader.text("accessKeyId");
  const secretAccessKey = reader.text("secretAccessKey");
  const endpoint = reader.url("endpoint");
  const settings = {
    bucket: reader.requiredText("bucket"),
    prefix: reader.text("prefix") ?? "",
    region: reader.text("region") ?? "us-east-1",
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    pathStyle: reader.flag("pathStyle") ?? endpoint !== undefined,
    partSize: reader.size("partSize") ?? 16 << 20,
  };
  reader.finish();
  return settings;
}

function readTls(file: SettingsReader, flags: SettingsFlags): RegistrySettings["tls"] {
  const section = file.section("tls");
  const certificate = flags.tlsCertificate ?? section?.text("certificate");
  const key = flags.tlsKey ?? section?.text("key");
  for (const name of ["certificate", "key"]) section?.known(name);
  section?.finish();
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw invalidArgument("Cannot serve TLS: certificate and key belong together");
  }
  return { certificate, key };
}

function readAuth(file: SettingsReader, flags: SettingsFlags): AuthSettings | undefined {
  const section = file.section("auth");
  const htpasswd = flags.htpasswd ?? section?.text("htpasswd");
  section?.known("htpasswd");
  if (section === undefined) {
    if (htpasswd === undefined) return undefined;
    const rules = [everythingForUsers];
    return {
      realm: "Berth Registry",
      htpasswd,
      ownTokens: undefined,
      externalTokens: undefined,
      rules,
    };
  }
  const anonymousPull = section.flag("anonymousPull") ?? false;
  const stated = section.sections("rules").map(readRule);
  const rules = stated.length === 0 ? [everythingForUsers] : stated;
  if (anonymousPull) rules.push(pullForAll);
  const external = section.section("externalTokens");
  const own = section.section("tokens");
  // Clients that have logged in nowhere can follow a token server's challenge, but no Basic one.
  const open = rules.some(({ users }) => users.includes("anonymous"));
  const settings: AuthSettings = {
    realm: section.text("realm") ?? "Berth Registry",
    htpasswd,
    ownTokens: own === undefined && !open ? undefined : readOwnTokens(own),
    externalTokens: external && readExternalTokens(external),
    rules,
  };
  section.finish();
  if ((htpasswd === undefined) === (settings.externalTokens === undefined)) {
    throw invalidArgument(
      'Cannot read the settings: "auth" wants either htpasswd or externalTokens',
    );
  }
  return settings;
}

function readOwnTokens(section: SettingsReader | undefined): AuthSettings["ownTokens"] {
  const service = section?.text("service") ?? "berth-registry";
  const lifetime = Math.max(60, (section?.duration("lifetime") ?? 300_000) / 1000);
  section?.finish();
  return { service, lifetime };
}

function readExternalTokens(reader: SettingsReader): ExternalTokens {
  const settings = {
    realm: reader.url("realm") ?? reader.requiredText("realm"),
    service: reader.requiredText("service"),
    issuer: reader.requiredText("issuer"),
    keys: reader.requiredText("keys"),
  };
  reader.finish();
  return settings;
}

function readRule(reader: SettingsReader): AccessRule {
  const rule = {
    users: reader.texts("users") ?? ["*"],
    repositories: reader.texts("repositories") ?? ["**"],
    actions: reader.manyOf("actions", ["pull", "push", "delete"] as const) ?? ["pull" as const],
  };
  reader.finish();
  return rule;
}

function readUpstream(reader: SettingsReader): UpstreamSettings {
  const prefix = reader.text("prefix");
  const host = reader.text("host");
  const username = reader.text("username");
  const password = reader.text("password");
  const settings = {
    registry: reader.requiredText("registry"),
    ...(prefix === undefined ? {} : { prefix: prefix.replace(/^\/+|\/+$/g, "") }),
    ...(host === undefined ? {} : { host }),
    ...(username === undefined || password === undefined ? {} : { login: { username, password } }),
    insecure: reader.flag("insecure") ?? false,
    freshFor: reader.duration("freshFor") ?? 60_000,
  };
  reader.finish();
  if (prefix === undefined && host === undefined)
    throw reader.wrong("prefix", "missing, and so is host");
  return settings;
}

function readRetention(reader: SettingsReader): RetentionRule {
  const keepLast = reader.count("keepLast");
  const olderThan = reader.duration("olderThan");
  const rule = {
    repositories: reader.texts("repositories") ?? ["**"],
    tags: reader.texts("tags") ?? ["*"],
    except: reader.texts("except") ?? [],
    ...(keepLast === undefined ? {} : { keepLast }),
    ...(olderThan === undefined ? {} : { olderThan }),
    untagged: reader.flag("untagged") ?? false,
  };
  reader.finish();
  return rule;
}

function readQuota(reader: SettingsReader): Quota {
  const bytes = reader.size("bytes");
  if (bytes === undefined) throw reader.wrong("bytes", "missing");
  const quota = { namespace: reader.text("namespace") ?? "", bytes };
  reader.finish();
  return quota;
}

function readWebhook(reader: SettingsReader): Webhook {
  const secret = reader.text("secret");
  const webhook = {
    url: reader.url("url") ?? reader.requiredText("url"),
    ...(secret === undefined ? {} : { secret }),
    actions: reader.manyOf("actions", ["push", "delete"] as const) ?? ["push" as const],
    repositories: reader.texts("repositories") ?? ["**"],
  };
  reader.finish();
  return webhook;
}
