import { invalidArgument } from "../spec/index.ts";
import type { EndpointRecord } from "./network-record.ts";

const SYSCTLS = "com.docker.network.endpoint.sysctls";
const IFNAME = "com.docker.network.endpoint.ifname";

type Options = Readonly<Record<string, string>> | null | undefined;

/** The name that a link is to have in the container. @throws invalid-argument */
export function wantedDevice(options: Options): string | undefined {
  const name = options?.[IFNAME];
  if (name === undefined || name === "") return undefined;
  if (/^[^\s/:]{1,15}$/.test(name) && name !== "." && name !== "..") return name;
  throw invalidArgument(
    `invalid interface name ${JSON.stringify(name)}: at most 15 characters, none of them a space, "/" or ":"`,
  );
}

/** @throws invalid-argument for a setting that is none of the link's own */
export function checkEndpointOptions(options: Options): void {
  wantedDevice(options);
  for (const setting of settingsOf(options)) {
    if (/^net\.(?:ipv4|ipv6|mpls)\.(?:conf|neigh)\.IFNAME\.[\w-]+=[^=]*$/i.test(setting)) continue;
    throw invalidArgument(
      `unrecognised network interface sysctl '${setting}': it has to be net.ipv4.conf.IFNAME.NAME=VALUE, or of ipv6, mpls or neigh`,
    );
  }
}

const settingsOf = (options: Options): string[] =>
  (options?.[SYSCTLS] ?? "").split(",").filter((setting) => setting !== "");

/** Files below `/proc/sys/` and what is to be written to them; `IFNAME` is the link's name. */
export function endpointSysctls({ device, wishes }: EndpointRecord): Record<string, string> {
  return Object.fromEntries(
    settingsOf(wishes.DriverOpts).map((setting) => {
      const equals = setting.indexOf("=");
      // Docker's command line writes `ifname`. The link's name may hold dots, which are no separators.
      const path = setting
        .slice(0, equals)
        .split(".")
        .join("/")
        .replace(/\/IFNAME\//i, `/${device}/`);
      return [path, setting.slice(equals + 1)];
    }),
  );
}
