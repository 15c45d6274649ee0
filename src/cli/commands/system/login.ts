import { CliError } from "../../cli-error.ts";
import { atMost, type CommandContext, defineCommand } from "../../command.ts";
import { HUB_SERVER, serverName } from "../../connection/registry-credentials.ts";
import { storeCredentials } from "../../connection/stored-credentials.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";
import { prompt } from "../../terminal/prompt.ts";

const STDIN = 0;

interface LoginFlags {
  readonly username: string;
  readonly password: string;
  readonly "password-stdin": boolean;
}

export const command = defineCommand({
  usage: "[OPTIONS] [SERVER]",
  description: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
  args: atMost(1),
  flags: {
    password: string("Password or Personal Access Token (PAT)", { short: "p" }),
    "password-stdin": bool("Take the Password or Personal Access Token (PAT) from stdin"),
    username: string("Username", { short: "u" }),
  },
  run: async ({ values, changed, args, context }) => {
    if (changed.has("password")) {
      if (values["password-stdin"]) {
        throw new CliError(
          "conflicting options: cannot specify both --password and --password-stdin",
        );
      }
      context.stderr.line(
        "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
      );
    }
    const server = registryServer(args[0]);
    const { username, password } = await readCredentials(context, values);
    const { system } = await context.client();
    const answer = await system.auth({ username, password, serveraddress: server });
    const where = await storeCredentials(context.configDirectory, await context.config(), server, {
      username,
      password,
      identityToken: answer.IdentityToken ?? "",
    });
    if (where === "file") {
      context.stderr.line(
        `\nWARNING! Your credentials are stored unencrypted in '${context.configDirectory}/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n`,
      );
    }
    context.stdout.line(answer.Status === "" ? "Login Succeeded" : answer.Status);
    return undefined;
  },
});

/** The name under which a server's credentials are kept. */
export function registryServer(argument: string | undefined): string {
  if (argument === undefined || argument === "") return HUB_SERVER;
  return serverName(argument.replace(/^https?:\/\//, "").replace(/\/.*$/, ""));
}

async function readCredentials(
  context: CommandContext,
  values: LoginFlags,
): Promise<{ username: string; password: string }> {
  if (values["password-stdin"]) {
    if (values.username === "") {
      throw new CliError("the --password-stdin option requires --username to be set");
    }
    const password = (await Bun.stdin.text()).replace(/\r?\n$/, "");
    return { username: values.username, password };
  }
  if (values.username !== "" && values.password !== "") return values;
  if (!isTerminal(STDIN)) {
    throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
  }
  const username =
    values.username || (await prompt(context, "Username: ", { hidden: false })).trim();
  if (username === "") throw new CliError("Error: Non-null Username Required");
  const password = values.password || (await prompt(context, "Password: ", { hidden: true }));
  if (password === "") throw new CliError("Error: Password Required");
  return { username, password };
}
