import { invalidArgument } from "../../spec/index.ts";
import { ADJECTIVES, NOUNS } from "./name-words.ts";

const NAME = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Checks a container's name and drops Docker's optional leading slash. Throws Docker's words. */
export function parseContainerName(text: string): string {
  if (!NAME.test(text)) {
    throw invalidArgument(
      `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  return text.replace(/^\//, "");
}

/**
 * A free name such as `calm_harbour`. After a few collisions a digit is appended, so that a host with
 * many containers still gets one at once.
 */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const suffix = attempt < 6 ? "" : String(Math.floor(Math.random() * 10 ** (attempt - 5)));
    const name = `${pick(ADJECTIVES)}_${pick(NOUNS)}${suffix}`;
    if (!isTaken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "spare";
}
