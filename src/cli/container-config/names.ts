import type { RestartPolicy } from "../../spec/index.ts";
import { quoteGo } from "../format/quote-go.ts";
import { isIpAddress } from "./ip-address.ts";

/** `--dns`. */
export function validateAddress(text: string): string {
  const address = text.trim();
  if (!isIpAddress(address)) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

/** `--dns-search`; `.` means none at all. */
export function validateSearchDomain(text: string): string {
  const domain = text.trim();
  if (domain === ".") return domain;
  const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
  const valid =
    /[a-zA-Z]/.test(domain) && new RegExp(`^${label}(?:\\.${label})*\\.?$`).test(domain);
  if (!valid || domain.length > 255) throw new Error(`${text} is not a valid domain`);
  return domain.replace(/\.$/, "");
}

/** `--add-host name:ip` or `name=ip`; answers `name:ip`. */
export function validateExtraHost(text: string): string {
  const match = /^([^=]+)=(.+)$/.exec(text) ?? /^([^:]+):(.+)$/.exec(text);
  const [, name, value] = match ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`bad format for add-host: ${quoteGo(text)}`);
  }
  if (value === "host-gateway") return `${name}:${value}`;
  const address = value.replace(/^\[(.*)\]$/, "$1");
  if (!isIpAddress(address)) throw new Error(`invalid IP address in add-host: ${quoteGo(value)}`);
  return `${name}:${address}`;
}

/** `--link container[:alias]`. */
export function validateLink(text: string): string {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

/** `--attach stdin|stdout|stderr`. */
export function validateStream(text: string): string {
  const stream = text.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) {
    throw new Error("valid streams are STDIN, STDOUT and STDERR");
  }
  return stream;
}

/** `--restart on-failure:3`. Which policies there are, the daemon judges. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const count = colon < 0 ? "0" : text.slice(colon + 1);
  if (colon === 0) {
    throw new Error("invalid restart policy format: no policy provided before colon");
  }
  if (!/^[-+]?\d+$/.test(count)) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name as RestartPolicy["Name"], MaximumRetryCount: Number(count) };
}

const NORMAL_ARCHITECTURES = /^[a-z0-9_]+$/i;

/** Refuses what is no platform: `linux`, `linux/arm64`, `linux/arm/v7`. */
export function checkPlatform(text: string): void {
  if (text === "") return;
  const parts = text.split("/");
  if (parts.length > 3 || !parts.every((part) => NORMAL_ARCHITECTURES.test(part))) {
    throw new Error(
      `error parsing specified platform: "${text}": cannot parse platform specifier: invalid argument`,
    );
  }
}
