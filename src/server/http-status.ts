import { type ErrorKind, errorKind } from "../spec/index.ts";

const STATUS: Readonly<Record<ErrorKind, number>> = {
  "not-found": 404,
  "invalid-argument": 400,
  conflict: 409,
  "already-exists": 409,
  "failed-precondition": 400,
  unauthenticated: 401,
  "permission-denied": 403,
  unavailable: 503,
  "not-modified": 304,
  "not-implemented": 501,
  cancelled: 499,
  internal: 500,
};

export function httpStatus(error: unknown): number {
  return STATUS[errorKind(error)];
}
