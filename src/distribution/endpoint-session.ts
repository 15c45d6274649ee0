import { EngineError, type RegistryAuth } from "../spec/index.ts";
import { Authorizer } from "./authorizer.ts";
import { ConnectionError } from "./connection-error.ts";
import type { HttpRequest, HttpResponse, HttpTransport } from "./http-transport.ts";
import type { Endpoint } from "./registry-config.ts";
import { registryError } from "./registry-error.ts";

const ERROR_BODY_LIMIT = 1 << 20;

export interface RegistryRequest {
  readonly method?: HttpRequest["method"];
  /** Below the endpoint, `/v2/…`; or a whole URL that the registry has given. */
  readonly path: string;
  /** `repository:<path>:pull`; several are parted by spaces. */
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  readonly signal?: AbortSignal | undefined;
  /** Statuses that the caller treats; others above 399 throw a RegistryError. */
  readonly accept?: readonly number[];
}

/** Requests to one server: finds out whether it speaks TLS, answers its challenges. */
export class EndpointSession {
  private base: Promise<string> | undefined;
  private authorizer: Authorizer | undefined;

  constructor(
    readonly endpoint: Endpoint,
    private readonly transport: HttpTransport,
    private readonly auth: RegistryAuth | undefined,
  ) {}

  async request(request: RegistryRequest): Promise<HttpResponse> {
    const base = await this.baseUrl(request.signal);
    const url = new URL(request.path, base).href;
    // A whole URL is the registry's own upload location; elsewhere its credentials have no business.
    const own = new URL(url).origin === new URL(base).origin;
    const authorizer = this.authorizerFor(base);
    for (let challenged = false; ; challenged = true) {
      const authorization = own ? await authorizer.header(request.scope) : undefined;
      const response = await this.transport.send({
        method: request.method ?? "GET",
        url,
        headers: {
          ...request.headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        tls: this.endpoint.tls,
        signal: request.signal,
      });
      if (response.status < 300 || request.accept?.includes(response.status)) return response;
      const body = await errorBody(response);
      const challenge = response.headers.get("www-authenticate");
      if (response.status !== 401 || challenged || !own || challenge === null) {
        throw registryError(response.status, response.statusText, response.headers, body);
      }
      if (!(await authorizer.answer(challenge, request.scope, request.signal))) {
        throw noCredentials(request.method ?? "GET", url);
      }
    }
  }

  /**
   * Asks `/v2/` with the credentials: what `docker login` checks. Resolves if they are good, with the
   * identity token that stands for them from then on, or an empty text.
   */
  async checkCredentials(signal?: AbortSignal): Promise<string> {
    const authorizer = this.authorizerFor(await this.baseUrl(signal));
    authorizer.wantsIdentity = true;
    const response = await this.request({ path: "v2/", scope: "", signal });
    response.discard();
    return authorizer.identityToken;
  }

  private authorizerFor(base: string): Authorizer {
    this.authorizer ??= new Authorizer(
      this.transport,
      this.endpoint.mirror ? undefined : this.auth,
      { url: base, tls: this.endpoint.tls },
    );
    return this.authorizer;
  }

  private baseUrl(signal: AbortSignal | undefined): Promise<string> {
    this.base ??= this.findBase(signal);
    this.base.catch(() => {
      this.base = undefined;
    });
    return this.base;
  }

  /** With a slash at the end, so that a mirror's path stays when a relative path is resolved. */
  private async findBase(signal: AbortSignal | undefined): Promise<string> {
    const secure = `${this.endpoint.baseUrl}/`;
    if (!this.endpoint.insecure || secure.startsWith("http:")) return secure;
    const plain = secure.replace(/^https:/, "http:");
    for (const base of [secure, plain]) {
      try {
        // Without credentials: only afterwards it is known whether the way is encrypted.
        const request = {
          method: "GET" as const,
          url: `${base}v2/`,
          tls: this.endpoint.tls,
          signal,
        };
        (await this.transport.send(request)).discard();
        return base;
      } catch (error) {
        if (!(error instanceof ConnectionError) || base === plain) throw error;
      }
    }
    return plain;
  }
}

async function errorBody(response: HttpResponse): Promise<string> {
  return Buffer.from(
    await response.bytes(ERROR_BODY_LIMIT).catch(() => new Uint8Array()),
  ).toString();
}

function noCredentials(method: string, url: string): EngineError {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new EngineError("unauthenticated", `${verb} "${url}": no basic auth credentials`);
}
