import { CliError } from "../../cli-error.ts";

/** `--ssh`: an agent that steps may ask. */
export interface SshOption {
  readonly id: string;
  /** A socket, or private keys for an agent of the build's own; empty: the user's agent. */
  readonly paths: readonly string[];
}

/** `default`, `default=socket`, `id=key,key`. */
export function parseSsh(text: string): SshOption {
  const at = text.indexOf("=");
  const id = at < 0 ? text : text.slice(0, at);
  if (id === "") throw new Error(`invalid ssh agent "${text}": it must be id[=socket|key[,key]]`);
  const paths = at < 0 ? [] : text.slice(at + 1).split(",");
  return { id, paths: paths.filter((path) => path !== "") };
}

/** The user's agent, where the option names none. */
export function agentSocket(
  option: SshOption,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (option.paths.length > 0) return undefined;
  const socket = environment["SSH_AUTH_SOCK"];
  if (socket !== undefined && socket !== "") return socket;
  throw new CliError(
    `invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set, or name a socket or key with --ssh ${option.id}=PATH`,
  );
}
