import { connectionError, timeoutError } from "./connection-error.ts";
import type { TlsOptions } from "./registry-config.ts";

export interface TransportOptions {
  /** Until the head of an answer is there, milliseconds. */
  readonly responseTimeout: number;
  /** Between two pieces of a body, milliseconds. */
  readonly idleTimeout: number;
  /** Tries of a request that the server was too busy for. */
  readonly attempts: number;
  /** Before the second try, milliseconds; doubles from try to try. */
  readonly retryDelay: number;
  /** A server that wants more patience than this (`Retry-After`) is given up. Milliseconds. */
  readonly longestDelay: number;
}

export const defaultTransportOptions: TransportOptions = {
  responseTimeout: 30_000,
  idleTimeout: 60_000,
  attempts: 5,
  retryDelay: 500,
  longestDelay: 60_000,
};

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream can be sent once only, so its request is neither repeated nor redirected. */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** For the host of `url`; where a redirect leads elsewhere, only the authorities hold. */
  readonly tls?: TlsOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** After redirects. */
  readonly url: string;
  /** Read it, or `discard` it. Throws a ConnectionError when the server breaks off or falls silent. */
  readonly body: AsyncIterable<Uint8Array>;
  /** At most `limit` bytes, else it throws. */
  bytes(limit: number): Promise<Uint8Array>;
  discard(): void;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BUSY = new Set([429, 500, 502, 503, 504]);
const MOST_REDIRECTS = 10;

/** HTTP as registries need it: bounded waits, patience with busy servers, credentials for one host only. */
export class HttpTransport {
  constructor(private readonly options: TransportOptions = defaultTransportOptions) {}

  /** Resolves with any status below 300 or from 400 on. Throws `unavailable` for a server out of reach. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const repeatable = !(request.body instanceof ReadableStream);
    for (let attempt = 1; ; attempt++) {
      const response = await this.follow(request);
      if (!repeatable || !BUSY.has(response.status) || attempt >= this.options.attempts) {
        return response;
      }
      const delay = retryAfter(response.headers) ?? this.backOff(attempt);
      if (delay > this.options.longestDelay) return response;
      response.discard();
      await pause(delay, request.signal);
    }
  }

  /** Milliseconds to wait after the given number of failures. Half of it is chance, against stampedes. */
  backOff(failures: number): number {
    const full = this.options.retryDelay * 2 ** (failures - 1);
    return Math.min(full, this.options.longestDelay) * (0.5 + Math.random() / 2);
  }

  private async follow(request: HttpRequest): Promise<HttpResponse> {
    let current = request;
    for (let redirects = 0; ; redirects++) {
      const response = await this.once(current);
      const location = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || location === null) return response;
      response.discard();
      if (redirects >= MOST_REDIRECTS) {
        throw await connectionError(request.method, request.url, "stopped after 10 redirects");
      }
      current = redirected(current, response, location);
    }
  }

  private async once(request: HttpRequest): Promise<HttpResponse> {
    const aborter = new AbortController();
    const cancel = () => aborter.abort(request.signal?.reason);
    request.signal?.throwIfAborted();
    request.signal?.addEventListener("abort", cancel, { once: true });
    const done = () => request.signal?.removeEventListener("abort", cancel);
    const late = AbortSignal.timeout(this.options.responseTimeout);
    const timeout = () => aborter.abort(late);
    late.addEventListener("abort", timeout, { once: true });
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: { "User-Agent": "berth", "Accept-Encoding": "identity", ...request.headers },
        body: request.body ?? null,
        redirect: "manual",
        signal: aborter.signal,
        // Blobs are stored as they come, so a Content-Encoding stays on.
        decompress: false,
        ...(request.tls === undefined ? {} : { tls: request.tls }),
      });
      return new FetchedResponse(request, response, aborter, this.options.idleTimeout, done);
    } catch (error) {
      done();
      request.signal?.throwIfAborted();
      if (late.aborted) throw timeoutError(request.method, request.url);
      throw await connectionError(request.method, request.url, error);
    } finally {
      late.removeEventListener("abort", timeout);
    }
  }
}

class FetchedResponse implements HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;

  constructor(
    private readonly request: HttpRequest,
    private readonly response: Response,
    private readonly aborter: AbortController,
    private readonly idleTimeout: number,
    private readonly done: () => void,
  ) {
    this.status = response.status;
    this.statusText = response.statusText;
    this.headers = response.headers;
    this.url = request.url;
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.read();
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    if (this.response.body === null) return this.done();
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      this.aborter.abort(new Error("idle"));
    }, this.idleTimeout);
    let whole = false;
    try {
      for await (const chunk of this.response.body) {
        yield chunk;
        timer.refresh();
      }
      whole = true;
    } catch (error) {
      this.request.signal?.throwIfAborted();
      if (silent) throw timeoutError(this.request.method, this.request.url);
      throw await connectionError(this.request.method, this.request.url, error);
    } finally {
      clearTimeout(timer);
      this.done();
      if (!whole) this.aborter.abort();
    }
  }

  async bytes(limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.read()) {
      size += chunk.length;
      if (size > limit) {
        const why = `the answer is larger than ${limit} bytes`;
        throw await connectionError(this.request.method, this.request.url, why);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  discard(): void {
    this.done();
    this.aborter.abort();
  }
}

function redirected(request: HttpRequest, response: HttpResponse, location: string): HttpRequest {
  const from = new URL(request.url);
  const to = new URL(location, from);
  if (to.protocol !== "https:" && to.protocol !== "http:") {
    throw new TypeError(`unsupported protocol scheme "${to.protocol.slice(0, -1)}"`);
  }
  // A tag's manifest is trusted for the connection that it comes by.
  const verified = from.protocol === "https:" && request.tls?.rejectUnauthorized !== false;
  if (verified && to.protocol === "http:") {
    throw new TypeError(`refusing to go on from https to plain http: it redirects to ${to.origin}`);
  }
  const rewritten = response.status === 303 || (response.status < 303 && request.method === "POST");
  const { body, tls, headers = {}, ...rest } = request;
  const sameOrigin = from.origin === to.origin;
  return {
    ...rest,
    url: to.href,
    method: rewritten && request.method !== "HEAD" ? "GET" : request.method,
    headers: sameOrigin ? headers : withoutCredentials(headers),
    tls: from.hostname === to.hostname ? tls : otherHost(tls),
    ...(rewritten || body === undefined ? {} : { body }),
  };
}

/** The authorities hold everywhere; trust without a check and the client's own certificate do not. */
function otherHost(tls: TlsOptions | undefined): TlsOptions | undefined {
  return tls?.ca === undefined ? undefined : { ca: tls.ca };
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => !["authorization", "cookie", "proxy-authorization"].includes(name.toLowerCase()),
  );
  return Object.fromEntries(kept);
}

/** Milliseconds (RFC 9110, section 10.2.3: seconds or a date). */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits, unless the caller goes away. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const cancel = () => reject(signal?.reason as Error);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}
