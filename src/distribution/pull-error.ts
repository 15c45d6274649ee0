import {
  errorKind,
  errorMessage,
  familiarName,
  familiarString,
  internal,
  notFound,
  type Reference,
} from "../spec/index.ts";
import { ConnectionError } from "./connection-error.ts";
import { RegistryError } from "./registry-error.ts";

/** Gives a registry's refusal of a pull the words that Docker has for it; other errors stay. */
export function translatePullError(error: unknown, reference: Reference): unknown {
  if (error instanceof ConnectionError) return internal(error.message, error);
  // Docker answers 500 here; clients take a 401 as a request to ask for a password.
  if (errorKind(error) === "unauthenticated") return internal(errorMessage(error), error);
  if (!(error instanceof RegistryError)) return error;
  const name = familiarName(reference);
  switch (error.code) {
    case "DENIED":
      return notFound(
        `pull access denied for ${name}, repository does not exist or may require 'docker login': ${error.message}`,
        error,
      );
    case "MANIFEST_UNKNOWN":
      return notFound(
        `manifest for ${familiarString(reference)} not found: ${error.message}`,
        error,
      );
    case "NAME_UNKNOWN":
      return notFound(`repository ${name} not found: ${error.message}`, error);
    default:
      return internal(error.message, error);
  }
}
