import { CliError } from "../cli-error.ts";

/** `config.json` of Docker's clients: what Berth's command line honours of it. */
export interface ConfigFile {
  currentContext?: string;
  detachKeys?: string;
  psFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  volumesFormat?: string;
  statsFormat?: string;
  pluginsFormat?: string;
  HttpHeaders?: Record<string, string>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  /** Registry → credentials; `auth` is base64 of `user:password`. */
  auths?: Record<string, { auth?: string; identitytoken?: string; registrytoken?: string }>;
  /** `default` or a daemon's address → proxies given to containers as environment. */
  proxies?: Record<string, ProxyConfig>;
}

export interface ProxyConfig {
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
  ftpProxy?: string;
  allProxy?: string;
}

/**
 * Reads `config.json`; an absent file is an empty one. (By Bun.file: node:fs takes a millisecond to load.)
 */
export async function readConfigFile(directory: string): Promise<ConfigFile> {
  const path = `${directory}/config.json`;
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as ConfigFile;
  } catch (error) {
    throw new CliError(`Error loading config file: ${path}: ${String(error)}`, 1, { cause: error });
  }
}
