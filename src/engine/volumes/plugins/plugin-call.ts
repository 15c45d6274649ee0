import { EngineError, errorMessage } from "../../../spec/index.ts";
import type { PluginEndpoint } from "./find-plugins.ts";

export interface PluginPatience {
  /** How long a plugin may take to listen, milliseconds: it may be starting itself. */
  connect: number;
  /** How long an answer may take, milliseconds. */
  answer: number;
}

export const PATIENCE: PluginPatience = { connect: 10_000, answer: 120_000 };
/** For questions to every plugin: one that has left its socket behind keeps nobody waiting. */
export const HURRY: PluginPatience = { connect: 0, answer: 10_000 };
const MIME_TYPE = "application/vnd.docker.plugins.v1.2+json";
/** Between two attempts to reach a plugin, doubled each time. Milliseconds. */
const FIRST_PAUSE = 50;

/**
 * One call of Docker's plugin protocol: a POST with JSON both ways. A failure that the plugin tells is
 * `<method>: <its words>`; one that does not answer is told in Docker's words for it.
 */
export async function callPlugin<T>(
  endpoint: PluginEndpoint,
  method: string,
  body: unknown,
  patience: PluginPatience,
): Promise<T> {
  const deadline = Date.now() + patience.connect;
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    try {
      return await callOnce<T>(endpoint, method, body, patience.answer);
    } catch (error) {
      if (!(error instanceof Unreachable) || Date.now() + pause > deadline) throw error;
      await Bun.sleep(pause);
    }
  }
}

/** Nobody listens there (yet). */
class Unreachable extends EngineError {}

async function callOnce<T>(
  endpoint: PluginEndpoint,
  method: string,
  body: unknown,
  timeout: number,
): Promise<T> {
  const { socket, url = "http://plugin", tls } = endpoint;
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${url}/${method}`, {
      method: "POST",
      headers: { Accept: MIME_TYPE, "Content-Type": MIME_TYPE },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
      ...(socket === undefined ? {} : { unix: socket }),
      ...(tls === undefined ? {} : { tls }),
    } as RequestInit);
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw failure(endpoint, method, error);
  }
  const told = parse(text);
  const complaint = told?.Err ?? "";
  if (status >= 400)
    throw internalError(`${method}: ${complaint || text.trim() || `status ${status}`}`);
  if (complaint !== "") throw internalError(complaint);
  return (told ?? {}) as T;
}

const internalError = (message: string): EngineError => new EngineError("internal", message);

function parse(text: string): { Err?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function failure(endpoint: PluginEndpoint, method: string, error: unknown): EngineError {
  const { socket, url = "" } = endpoint;
  const where = socket === undefined ? url : `http://${encodeURIComponent(socket)}`;
  const post = `Post "${where}/${method}"`;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new EngineError("internal", `${post}: context deadline exceeded`, { cause: error });
  }
  const target = socket === undefined ? `tcp ${url}` : `unix ${socket}`;
  const code = (error as { code?: unknown } | null)?.code;
  const refused =
    code === "ConnectionRefused" || code === "FailedToOpenSocket" || code === "ENOENT";
  const why = refused ? "connect: connection refused" : errorMessage(error);
  return new Unreachable("internal", `${post}: dial ${target}: ${why}`, { cause: error });
}
