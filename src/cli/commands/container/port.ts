import { CliError } from "../../cli-error.ts";
import { between, defineCommand } from "../../command.ts";
import { joinHostPort } from "../../format/ports.ts";

export const command = defineCommand({
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  description: "List port mappings or a specific mapping for the container",
  aliases: ["container port", "port"],
  args: between(1, 2),
  flags: {},
  run: async ({ args, context }) => {
    const [name = "", wanted] = args;
    const { containers } = await context.client();
    const { NetworkSettings } = await containers.inspect(name);
    const ports = Object.entries(NetworkSettings.Ports ?? {});
    const lines = ports.flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({
        port,
        address: joinHostPort(HostIp, HostPort),
      })),
    );
    if (wanted === undefined) {
      const text = lines.map(({ port, address }) => `${port} -> ${address}`);
      context.stdout.write(
        naturalSort(text)
          .map((line) => `${line}\n`)
          .join(""),
      );
      return undefined;
    }
    const [number = "", protocol = "tcp"] = wanted.split("/");
    if (!/^\d+$/.test(number) || Number(number) > 65535) {
      throw new CliError(`invalid port '${number}': value out of range`);
    }
    const found = lines.filter(({ port }) => port === `${Number(number)}/${protocol}`);
    if (found.length === 0) {
      throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    }
    context.stdout.write(
      naturalSort(found.map(({ address }) => address))
        .map((line) => `${line}\n`)
        .join(""),
    );
    return undefined;
  },
});

/** Numbers inside of text sort by value. */
function naturalSort(lines: readonly string[]): string[] {
  const key = (line: string): string => line.replace(/\d+/g, (digits) => digits.padStart(20, "0"));
  return [...lines].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
