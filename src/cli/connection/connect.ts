import type { EngineClient } from "../../client/index.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { type EndpointSources, resolveEndpoint } from "./resolve-endpoint.ts";

/** Makes the client for the daemon that flags, environment and contexts name. */
export async function connect(sources: EndpointSources): Promise<EngineClient> {
  const { EngineClient } = await import("../../client/index.ts");
  const { host: address, tls } = await resolveEndpoint(sources);
  const host = address.startsWith("ssh://")
    ? await (await import("./ssh-tunnel.ts")).openSshTunnel(address)
    : address;
  const version = sources.environment["DOCKER_API_VERSION"];
  const headers = (await sources.config()).HttpHeaders;
  try {
    return new EngineClient({
      host,
      ...(tls === undefined ? {} : { tls }),
      ...(version === undefined || version === "" ? {} : { version: version.replace(/^v/, "") }),
      ...(headers === undefined ? {} : { headers }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Failed to initialize: ${why}`, 1, { cause: error });
  }
}

/** A second daemon, by the address that a command was given; TLS as the flags say. */
export async function connectTo(context: CommandContext, host: string): Promise<EngineClient> {
  const address = host.includes("://")
    ? host
    : host.startsWith("/")
      ? `unix://${host}`
      : `tcp://${host}`;
  const { values, changed } = context.globals;
  return await connect({
    flags: { ...values, host: [address], context: "" },
    changed,
    environment: context.environment,
    config: () => context.config(),
  });
}
