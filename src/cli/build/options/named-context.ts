/** `--build-context name=…`. */
export interface NamedContext {
  readonly name: string;
  readonly value: string;
}

export function parseNamedContext(text: string): NamedContext {
  const at = text.indexOf("=");
  if (at <= 0 || at === text.length - 1) {
    throw new Error(`invalid context value: ${text}, expected name=value`);
  }
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
