import { CliError } from "../../cli-error.ts";
import { atMost, defineCommand } from "../../command.ts";
import { bool, filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { printList } from "../../format/list-format.ts";
import { imageList, nameImages } from "./image-list.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  description: "List images",
  aliases: ["image ls", "image list", "images"],
  args: atMost(1),
  flags: {
    all: bool("Show all images (default hides intermediate images)", { short: "a" }),
    digests: bool("Show digests"),
    filter: filter("Filter output based on conditions provided", { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only show image IDs", { short: "q" }),
    tree: bool("List multi-platform images as a tree (EXPERIMENTAL)"),
  },
  run: async ({ values, args, context }) => {
    if (values.tree) throw new CliError("--tree is not supported");
    const [reference] = args;
    const filters = toFilters([
      ...values.filter,
      ...(reference === undefined ? [] : [`reference=${reference}`]),
    ]);
    const client = await context.client();
    const images = await client.images.list({ all: values.all, filters });
    const digests = values.digests || values.format.includes(".Digest");
    const spec = imageList({ truncate: !values["no-trunc"], digests: values.digests });
    const format =
      values.format || (values.quiet ? "" : ((await context.config()).imagesFormat ?? ""));
    await printList(context.stdout, spec, nameImages(images, digests), {
      format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});
