import { AccessControl, type Authenticator } from "./access/access-control.ts";
import { BasicAuthenticator } from "./access/basic-authenticator.ts";
import { TokenAuthenticator } from "./access/external-tokens.ts";
import { Htpasswd } from "./access/htpasswd.ts";
import { OwnTokens } from "./access/own-tokens.ts";
import { LocalSource } from "./content/content-source.ts";
import { Manifests } from "./content/manifests.ts";
import { Quotas } from "./content/quotas.ts";
import { Repositories } from "./content/repositories.ts";
import { Tags } from "./content/tags.ts";
import { Uploads } from "./content/uploads.ts";
import { GarbageCollector } from "./garbage/collect.ts";
import { Condemned } from "./garbage/condemned.ts";
import { RegistryApp } from "./http/registry-app.ts";
import { RegistryMetrics } from "./metrics.ts";
import { Upstreams } from "./proxy/upstreams.ts";
import type { RegistryLog } from "./registry-log.ts";
import type { RegistryServices } from "./registry-services.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import { FileStorage } from "./storage/file/file-storage.ts";
import type { RegistryStorage } from "./storage/registry-storage.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

/** A registry over its storage, ready to answer. */
export interface OpenRegistry {
  readonly app: RegistryApp;
  readonly collector: GarbageCollector;
  readonly services: RegistryServices;
  readonly webhooks: Webhooks;
}

/** A renewed date must outlast many renewals before the collector could come. */
const STALE_PART = 4;

export async function openStorage(settings: RegistrySettings): Promise<RegistryStorage> {
  if (settings.s3 === undefined) return await FileStorage.open(settings.root);
  // The SDK is large: who keeps blobs in files does not load it.
  const { S3Storage } = await import("./storage/s3/s3-storage.ts");
  return new S3Storage(settings.s3);
}

export async function openRegistry(
  settings: RegistrySettings,
  log: RegistryLog,
  storage?: RegistryStorage,
): Promise<OpenRegistry> {
  const place = storage ?? (await openStorage(settings));
  const shelves = openShelves(settings, place);
  const { repositories, manifests, tags, uploads, condemned, metrics } = shelves;
  const local = new LocalSource(repositories, manifests, tags);
  const upstreams = new Upstreams(local, { ...shelves, storage: place, local }, settings.upstreams);
  const webhooks = new Webhooks(settings.webhooks, place, metrics, log);
  const services: RegistryServices = {
    repositories,
    manifests,
    tags,
    uploads,
    quotas: new Quotas(settings.quotas, repositories, place),
    webhooks,
    metrics,
    settings,
    sourceOf: (call) => upstreams.originOf(call),
  };
  const { authenticator, tokens } = await openAccess(settings, place);
  const app = new RegistryApp({
    services,
    access: new AccessControl(authenticator),
    tokens,
    log,
    readOnly: settings.readOnly,
    externalUrl: settings.externalUrl,
    exposeMetrics: settings.metrics,
    checkHealth: () => place.check(),
  });
  const collector = new GarbageCollector(place, repositories, manifests, tags, uploads, condemned, {
    ...settings.gc,
    retention: settings.retention,
  });
  return { app, collector, services, webhooks };
}

function openShelves(settings: RegistrySettings, storage: RegistryStorage) {
  const staleAfter = settings.gc.grace / STALE_PART;
  const condemned = new Condemned(storage);
  const repositories = new Repositories(storage, condemned, staleAfter);
  const tags = new Tags(storage, condemned);
  return {
    condemned,
    repositories,
    tags,
    manifests: new Manifests(storage, repositories, tags, condemned, staleAfter),
    uploads: new Uploads(storage, repositories),
    metrics: new RegistryMetrics(),
  };
}

async function openAccess(
  { auth }: RegistrySettings,
  storage: RegistryStorage,
): Promise<{ authenticator: Authenticator | undefined; tokens: OwnTokens | undefined }> {
  if (auth?.externalTokens !== undefined) {
    return { authenticator: await TokenAuthenticator.open(auth.externalTokens), tokens: undefined };
  }
  if (auth?.htpasswd === undefined) return { authenticator: undefined, tokens: undefined };
  const htpasswd = await Htpasswd.open(auth.htpasswd);
  if (auth.ownTokens === undefined) {
    const basic = new BasicAuthenticator(htpasswd, auth.rules, auth.realm);
    return { authenticator: basic, tokens: undefined };
  }
  const tokens = await OwnTokens.open(storage, htpasswd, { ...auth.ownTokens, rules: auth.rules });
  return { authenticator: tokens, tokens };
}
