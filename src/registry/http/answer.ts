import type { ObjectBody } from "../storage/registry-storage.ts";

/** By name; several values become several lines. */
export type AnswerHeaders = Record<string, string | string[]>;

/** What a client gets. A body that flows has its length among the headers, where that is known. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: string | Uint8Array | ObjectBody | undefined;
}

export function answer(
  status: number,
  headers: AnswerHeaders = {},
  body?: string | Uint8Array | ObjectBody,
): Answer {
  return { status, headers, body };
}

export function jsonAnswer(value: unknown, headers: AnswerHeaders = {}): Answer {
  return answer(200, { "Content-Type": "application/json", ...headers }, JSON.stringify(value));
}
