import { expect } from "bun:test";

/** One request of a case, and what a registry has to answer. */
export interface Exchange {
  readonly method: string;
  /** `{location}` stands for the last Location that the case was given. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A list is sent as a stream without a length. */
  readonly body?: string | readonly string[];
  readonly status: number;
  /** Of the first error in the answer's body. */
  readonly code?: string;
  readonly shows?: Readonly<Record<string, string | RegExp>>;
  /** The whole of a text, or a part of a JSON value. */
  readonly holds?: string | object;
}

/** The servers that cases want: each has settings of its own. */
export type ServerName =
  | "open"
  | "small"
  | "crowded"
  | "users"
  | "tokens"
  | "frozen"
  | "cache"
  | "full";

export interface Case {
  /** Of the specification's table of endpoints. */
  readonly endpoint: string;
  readonly title: string;
  /** `open` where nothing is said. */
  readonly server?: ServerName;
  /** Why Debian's docker-registry is not asked the same. */
  readonly onlyHere?: string;
  /** Those before the last one lead to the situation; the last one is what the case is about. */
  readonly exchanges: readonly Exchange[];
}

export async function play(base: string, { exchanges }: Case): Promise<void> {
  let location = "";
  for (const exchange of exchanges) {
    const response = await send(base, exchange, location);
    location = response.headers.get("location") ?? location;
    await check(response, exchange);
  }
}

async function send(base: string, exchange: Exchange, location: string): Promise<Response> {
  const { method, path, query = {}, headers = {}, body } = exchange;
  const url = new URL(path.replace("{location}", location), base);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  const content = typeof body === "object" ? streamOf(body) : body;
  const options = { method, headers, redirect: "manual" as const };
  return await fetch(url, content === undefined ? options : { ...options, body: content });
}

function streamOf(parts: readonly string[]): ReadableStream<Uint8Array> {
  const rest = [...parts];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = rest.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(Buffer.from(part));
    },
  });
}

async function check(response: Response, exchange: Exchange): Promise<void> {
  const { method, path, status, code, shows = {}, holds } = exchange;
  const text = await response.text();
  expect(`${method} ${path}: ${response.status} ${response.status === status ? "" : text}`).toBe(
    `${method} ${path}: ${status} `,
  );
  for (const [name, wanted] of Object.entries(shows)) {
    expect(`${name}: ${response.headers.get(name)}`).toMatch(
      typeof wanted === "string" ? `${name}: ${wanted}` : wanted,
    );
  }
  if (code !== undefined) {
    expect(response.headers.get("content-type")).toStartWith("application/json");
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] };
    expect(errors[0]?.code).toBe(code);
    expect(errors[0]?.message).toBeString();
  }
  if (typeof holds === "string") expect(text).toBe(holds);
  else if (holds !== undefined) expect(JSON.parse(text)).toMatchObject(holds);
}
