import { parseReference } from "../../../spec/reference.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { repositoryAndTag } from "../container/commit.ts";

export const command = defineCommand({
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  description: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  aliases: ["image tag", "tag"],
  args: exactly(2),
  flags: {},
  run: async ({ args, context }) => {
    const [source = "", target = ""] = args;
    checkTarget(target);
    const { images } = await context.client();
    await images.tag(source, repositoryAndTag(target));
    return undefined;
  },
});

function checkTarget(target: string): void {
  let digest: unknown;
  try {
    digest = parseReference(target).digest;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `Error parsing reference: "${target}" is not a valid repository/tag: ${why}`,
      1,
      { cause: error },
    );
  }
  if (digest !== undefined) {
    throw new CliError("refusing to create a tag with a digest reference");
  }
}
