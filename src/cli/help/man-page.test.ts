import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND_TREE } from "../command-tree.ts";
import { manPage, pageSources, referencePage } from "./man-page.ts";

test("docs/command-line.md is what `npx bun cmd/berth/main.ts generate reference` prints", async () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/command-line.md"), "utf8");
  expect(page).toBe(referencePage(await pageSources(COMMAND_TREE, "berth")));
});

test("manPage(): name, synopsis, options, and no text that roff would take for a request", async () => {
  const sources = await pageSources(COMMAND_TREE, "berth");
  const run = sources.find(({ path }) => path === "berth run");
  if (run === undefined) throw new Error("no command run");
  const page = manPage(run);
  expect(page).toStartWith('.TH "BERTH-RUN" "1"');
  expect(page).toContain("berth\\-run \\- Create and run a new container from an image");
  expect(page).toContain("\\fB\\-d, \\-\\-detach\\fR\nRun container in background");
  for (const source of sources) {
    const requests = manPage(source)
      .split("\n")
      .filter((line) => /^[.']/.test(line));
    expect(requests.filter((line) => !/^\.(?:TH|SH|B|TP|PP|br)(?: |$)/.test(line))).toEqual([]);
  }
});
