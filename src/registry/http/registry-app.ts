import { isDigest } from "../../spec/index.ts";
import type { AccessControl } from "../access/access-control.ts";
import { type Action, everybodyMayAll, type Need } from "../access/identity.ts";
import type { OwnTokens } from "../access/own-tokens.ts";
import { requireName } from "../names.ts";
import { faultOf, RegistryFault } from "../registry-fault.ts";
import type { RegistryLog } from "../registry-log.ts";
import type { RegistryServices } from "../registry-services.ts";
import { type Answer, answer, jsonAnswer } from "./answer.ts";
import { deleteBlob, getBlob } from "./blob-routes.ts";
import type { Call, RegistryRequest } from "./call.ts";
import { listReferrers, listRepositories, listTags } from "./discovery-routes.ts";
import { deleteManifest, getManifest, putManifest } from "./manifest-routes.ts";
import { findRoute, type Resource } from "./route.ts";
import { issueToken } from "./token-route.ts";
import {
  cancelUpload,
  continueUpload,
  finishUpload,
  startUpload,
  uploadStatus,
} from "./upload-routes.ts";

interface Operation {
  readonly action: Action;
  readonly run: (services: RegistryServices, call: Call) => Promise<Answer>;
}

type RepositoryResource = Exclude<Resource, "base" | "catalog">;

const OPERATIONS: Record<RepositoryResource, Partial<Record<string, Operation>>> = {
  tags: { GET: { action: "pull", run: listTags } },
  referrers: { GET: { action: "pull", run: listReferrers } },
  manifest: {
    GET: { action: "pull", run: getManifest },
    HEAD: { action: "pull", run: getManifest },
    PUT: { action: "push", run: putManifest },
    DELETE: { action: "delete", run: deleteManifest },
  },
  blob: {
    GET: { action: "pull", run: getBlob },
    HEAD: { action: "pull", run: getBlob },
    DELETE: { action: "delete", run: deleteBlob },
  },
  uploads: { POST: { action: "push", run: startUpload } },
  upload: {
    GET: { action: "push", run: uploadStatus },
    PATCH: { action: "push", run: continueUpload },
    PUT: { action: "push", run: finishUpload },
    DELETE: { action: "push", run: cancelUpload },
  },
};

export interface RegistryAppOptions {
  readonly services: RegistryServices;
  readonly access: AccessControl;
  readonly tokens: OwnTokens | undefined;
  readonly log: RegistryLog;
  readonly readOnly: boolean;
  /** How clients reach the registry, where that is not what they say themselves. */
  readonly externalUrl: string | undefined;
  readonly exposeMetrics: boolean;
  /** Throws where the storage cannot be used. */
  readonly checkHealth: () => Promise<void>;
}

/** The status of an answer that nobody is there for any more, in the log alone. */
const CLIENT_GONE = 499;

const COMMON = {
  "Docker-Distribution-Api-Version": "registry/2.0",
  "X-Content-Type-Options": "nosniff",
};
const PLAIN = { "Content-Type": "text/plain; charset=utf-8" };

/** The registry as a function from requests to answers. */
export class RegistryApp {
  constructor(private readonly options: RegistryAppOptions) {}

  async handle(request: RegistryRequest, remote: string): Promise<Answer> {
    const { metrics } = this.options.services;
    const started = performance.now();
    const seen = { resource: "other", user: undefined as string | undefined };
    metrics.begin();
    let reply: Answer;
    let failure: unknown;
    try {
      reply = await this.answer(request, seen);
    } catch (error) {
      failure = error;
      reply = faultAnswer(faultOf(error));
    }
    const status = request.gone ? CLIENT_GONE : reply.status;
    const seconds = (performance.now() - started) / 1000;
    metrics.end(request.method, seen.resource, status, seconds);
    this.report(request, remote, seen.user, status, seconds, failure);
    return { ...reply, headers: { ...COMMON, ...reply.headers } };
  }

  private async answer(
    request: RegistryRequest,
    seen: { resource: string; user: string | undefined },
  ): Promise<Answer> {
    const { url } = request;
    const own = await this.ownRoute(request, url);
    if (own !== undefined) return own;
    const route = findRoute(url.pathname);
    if (route === undefined) return answer(404, PLAIN, "404 page not found\n");
    seen.resource = route.resource;
    const origin = this.options.externalUrl ?? url.origin;
    if (route.resource === "base" || route.resource === "catalog") {
      requireMethod(request, ["GET", "HEAD"]);
    }
    if (route.resource === "base") {
      await this.options.access.requireLogin(request, origin);
      return jsonAnswer({});
    }
    const { reference } = route;
    const call: Call = { request, url, origin, name: "", reference, identity: everybodyMayAll };
    if (route.resource === "catalog") {
      call.identity = await this.options.access.requireCatalog(request, origin);
      seen.user = call.identity.user;
      return await listRepositories(this.options.services, call);
    }
    const operation = operationOf(request, route.resource);
    const repositoryCall = { ...call, name: requireName(route.name) };
    repositoryCall.identity = await this.authorize(repositoryCall, operation.action);
    seen.user = repositoryCall.identity.user;
    this.requireWritable(repositoryCall, operation);
    return await operation.run(this.options.services, repositoryCall);
  }

  private async ownRoute(request: RegistryRequest, url: URL): Promise<Answer | undefined> {
    const { tokens, exposeMetrics, checkHealth, services } = this.options;
    switch (url.pathname) {
      case "/healthz":
        await checkHealth();
        return answer(200, PLAIN, "ok\n");
      case "/metrics":
        if (!exposeMetrics) return undefined;
        return answer(
          200,
          { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
          services.metrics.text(),
        );
      case "/token":
        return tokens === undefined ? undefined : await issueToken(tokens, request, url);
      default:
        return undefined;
    }
  }

  private async authorize(call: Call, action: Action) {
    const needs: Need[] = [{ repository: call.name, actions: [action] }];
    // Who pushes looks first what is there; with both in one token it need not come back for another.
    const actions: Action[] = action === "push" ? ["pull", "push"] : [action];
    const wanted: Need[] = [{ repository: call.name, actions }];
    const from = call.url.searchParams.get("from");
    if (from !== null && isDigest(call.url.searchParams.get("mount") ?? "")) {
      wanted.push({ repository: requireName(from), actions: ["pull"] });
    }
    return await this.options.access.require(call.request, call.origin, needs, wanted);
  }

  private requireWritable(call: Call, { action }: Operation): void {
    if (action === "pull") return;
    if (this.options.readOnly) {
      throw new RegistryFault("UNSUPPORTED", "the registry is read-only");
    }
    if (!this.options.services.sourceOf(call).writable) {
      throw new RegistryFault("UNSUPPORTED", "a cache of another registry cannot be changed");
    }
  }

  private report(
    request: RegistryRequest,
    remote: string,
    user: string | undefined,
    status: number,
    seconds: number,
    failure: unknown,
  ): void {
    const fields = {
      method: request.method,
      // Without the query: a signature or token may stand in it.
      path: request.url.pathname,
      status,
      ms: Math.round(seconds * 1e5) / 100,
      remote,
      user,
      agent: request.headers.get("user-agent") ?? undefined,
    };
    if (status < 500) {
      const fault = failure instanceof RegistryFault ? failure : undefined;
      const refusal = fault && { code: fault.code, reason: fault.message };
      this.options.log.log("info", "request", { ...fields, ...refusal });
      return;
    }
    const cause = (failure as Error | undefined)?.cause ?? failure;
    const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.options.log.log("error", "request", { ...fields, error });
  }
}

function operationOf(request: RegistryRequest, resource: RepositoryResource): Operation {
  const operations = OPERATIONS[resource];
  requireMethod(request, Object.keys(operations));
  const operation = operations[request.method];
  if (operation === undefined)
    throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
  return operation;
}

function requireMethod(request: RegistryRequest, methods: readonly string[]): void {
  if (methods.includes(request.method)) return;
  throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.", {
    headers: { Allow: methods.join(", ") },
  });
}

function faultAnswer(fault: RegistryFault): Answer {
  const headers = { "Content-Type": "application/json", ...fault.headers };
  return answer(fault.status, headers, fault.body());
}
