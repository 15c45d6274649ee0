import type { ConfigFile } from "./config-file.ts";
import { writeConfig } from "./write-config.ts";

interface Credentials {
  username: string;
  password: string;
  identityToken: string;
}

/** Keeps credentials in `config.json`, or with its credential helper; answers where. */
export async function storeCredentials(
  directory: string,
  config: ConfigFile,
  server: string,
  { username, password, identityToken }: Credentials,
): Promise<"file" | "helper"> {
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  if (helper !== undefined && helper !== "") {
    const [name, secret] = identityToken === "" ? [username, password] : ["<token>", identityToken];
    const entry = JSON.stringify({ ServerURL: server, Username: name, Secret: secret });
    await runHelper(helper, "store", entry);
    return "helper";
  }
  const entry =
    identityToken === ""
      ? { auth: Buffer.from(`${username}:${password}`).toString("base64") }
      : { auth: Buffer.from(`${username}:`).toString("base64"), identitytoken: identityToken };
  writeConfig(directory, { ...config, auths: { ...config.auths, [server]: entry } });
  return "file";
}

export async function eraseCredentials(
  directory: string,
  config: ConfigFile,
  server: string,
): Promise<void> {
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  if (helper !== undefined && helper !== "") await runHelper(helper, "erase", server);
  if (config.auths?.[server] === undefined) return;
  const { [server]: _, ...auths } = config.auths;
  writeConfig(directory, { ...config, auths });
}

/** docker-credential-helpers' protocol: the verb as argument, the rest on standard input. */
async function runHelper(helper: string, verb: "store" | "erase", input: string): Promise<void> {
  const child = Bun.spawn([`docker-credential-${helper}`, verb], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) {
    throw new Error(
      `error ${verb === "store" ? "storing" : "erasing"} credentials: ${text.trim()}`,
    );
  }
}
