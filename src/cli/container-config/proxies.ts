import type { ConfigFile, ProxyConfig } from "../connection/config-file.ts";

const VARIABLES: readonly (readonly [keyof ProxyConfig, string])[] = [
  ["httpProxy", "HTTP_PROXY"],
  ["httpsProxy", "HTTPS_PROXY"],
  ["noProxy", "NO_PROXY"],
  ["ftpProxy", "FTP_PROXY"],
  ["allProxy", "ALL_PROXY"],
];

/**
 * Variables that `config.json` wants in every container, in both spellings; what the user has set himself
 * stays as it is.
 *
 * @param host of the daemon: proxies can be chosen by it.
 */
export function proxyVariables(
  config: ConfigFile,
  host: string,
  variables: readonly string[],
): string[] {
  const proxies = config.proxies?.[host] ?? config.proxies?.["default"];
  if (proxies === undefined) return [];
  const given = new Set(variables.map((variable) => variable.split("=")[0]));
  return VARIABLES.flatMap(([field, name]) => {
    const value = proxies[field];
    if (value === undefined || value === "") return [];
    return [name, name.toLowerCase()]
      .filter((each) => !given.has(each))
      .map((each) => `${each}=${value}`);
  });
}
