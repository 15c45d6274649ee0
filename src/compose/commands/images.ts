import { defineCommand } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { humanSize } from "../../cli/format/human-size.ts";
import { type ListSpec, printList } from "../../cli/format/list-format.ts";
import { shortId } from "../../spec/ids.ts";
import { familiarName, type ImageInspect, parseReference } from "../../spec/index.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

interface UsedImage {
  container: string;
  reference: string;
  image: ImageInspect;
}

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "List images used by the created containers",
  args: anyArguments,
  flags: {
    format: string("Format the output. Values: [table | json]", { initial: "table" }),
    quiet: bool("Only display IDs", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const found = await containersOf(work, args, { all: true });
    const used = await Promise.all(
      found.map(async ({ name, summary }) => ({
        container: name,
        reference: summary.Image,
        image: await work.client.images.inspect(summary.ImageID),
      })),
    );
    if (values.quiet) {
      for (const id of new Set(used.map(({ image }) => image.Id)))
        context.stdout.line(id.replace("sha256:", ""));
      return 0;
    }
    if (values.format === "json") {
      const rows = used.map((each) => ({
        ID: each.image.Id,
        ContainerName: each.container,
        Repository: row(each)["Repository"],
        Tag: row(each)["Tag"],
        Platform: row(each)["Platform"],
        Size: each.image.Size,
      }));
      context.stdout.line(JSON.stringify(rows));
      return 0;
    }
    await printList(context.stdout, LIST, used, { format: values.format });
    return 0;
  },
});

function row({ container, reference, image }: UsedImage) {
  const parsed = /^(?:sha256:)?[0-9a-f]{12,64}$/.test(reference)
    ? undefined
    : parseReference(reference);
  return {
    Container: container,
    Repository: parsed === undefined ? "<none>" : familiarName(parsed),
    Tag: parsed === undefined ? "<none>" : (parsed.tag ?? "latest"),
    Platform: `${image.Os}/${image.Architecture}`,
    ID: shortId(image.Id),
    Size: humanSize(image.Size, 3),
  };
}

const LIST: ListSpec<UsedImage> = {
  typeName: "*formatter.imageContext",
  headings: {
    Container: "CONTAINER",
    Repository: "REPOSITORY",
    Tag: "TAG",
    Platform: "PLATFORM",
    ID: "IMAGE ID",
    Size: "SIZE",
  },
  columns: ["Container", "Repository", "Tag", "Platform", "ID", "Size"],
  row,
};
