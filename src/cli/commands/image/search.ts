import type { ImageSearchResult } from "../../../spec/index.ts";
import { defineCommand, exactly } from "../../command.ts";
import { credentialsFor } from "../../connection/registry-credentials.ts";
import { bool, filter, int, string, toFilters } from "../../flags/flag-kinds.ts";
import { ellipsis } from "../../format/ellipsis.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS] TERM",
  description: "Search Docker Hub for images",
  args: exactly(1),
  flags: {
    filter: filter("Filter output based on conditions provided", { short: "f" }),
    format: string("Pretty-print search using a Go template"),
    limit: int("Max number of search results"),
    "no-trunc": bool("Don't truncate output"),
  },
  run: async ({ values, args, context }) => {
    const term = args[0] ?? "";
    const auth = await credentialsFor(await context.config(), term).catch(() => undefined);
    const { images } = await context.client();
    const results = await images.search({
      term,
      filters: toFilters(values.filter),
      ...(values.limit === 0 ? {} : { limit: values.limit }),
      ...(auth === undefined ? {} : { auth }),
    });
    await printList(context.stdout, searchList(!values["no-trunc"]), results, {
      format: values.format,
    });
    return undefined;
  },
});

function searchList(truncate: boolean): ListSpec<ImageSearchResult> {
  return {
    typeName: "*registry.searchContext",
    headings: {
      Name: "NAME",
      Description: "DESCRIPTION",
      StarCount: "STARS",
      IsOfficial: "OFFICIAL",
      IsAutomated: "AUTOMATED",
    },
    columns: ["Name", "Description", "StarCount", "IsOfficial"],
    row: ({ name, description, star_count, is_official }) => {
      const text = description.replace(/[\n\r]/g, " ");
      return {
        Name: name,
        Description: truncate ? ellipsis(text, 45) : text,
        StarCount: String(star_count),
        IsOfficial: is_official ? "[OK]" : "",
        IsAutomated: "",
      };
    },
  };
}
