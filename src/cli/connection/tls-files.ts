import { CliError } from "../cli-error.ts";

export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
  verify: boolean;
}

/**
 * Reads the files that TLS needs: the authority's always, the client's where they are there or were
 * asked for. Failures read as Docker's.
 */
export async function readTls(
  paths: { ca: string; cert: string; key: string },
  verify: boolean,
  changed: ReadonlySet<string>,
): Promise<TlsFiles> {
  const ca = await readPem(paths.ca, true);
  const cert = await readPem(paths.cert, changed.has("tlscert"));
  const key = await readPem(paths.key, changed.has("tlskey"));
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(path: string, required: boolean): Promise<string | undefined> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    if (!required) return undefined;
    throw new CliError(
      `Failed to initialize: unable to resolve docker endpoint: open ${path}: no such file or directory`,
      1,
      { cause: error },
    );
  }
}
