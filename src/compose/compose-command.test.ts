import { describe, expect, test } from "bun:test";
// Commands of Docker Compose, each with its flags and their short forms, without those that are hidden.
import dockers from "./commands.data.json" with { type: "json" };
import { composeCommand } from "./compose-command.ts";
import { composeFlags } from "./compose-flags.ts";

type Flags = Record<string, { short?: string } | undefined>;

async function flagsOf(command: string): Promise<Flags> {
  if (command === "") return composeFlags;
  const node = composeCommand.children?.find(
    ({ name, aliases }) => name === command || aliases?.includes(command),
  );
  if (node?.load === undefined) throw new Error(`there is no "compose ${command}"`);
  return (await node.load()).command.flags;
}

describe("every command of Docker Compose is there, with every flag", () => {
  for (const [command, wanted] of Object.entries(dockers)) {
    test(`compose ${command}`, async () => {
      const flags = await flagsOf(command);
      const found = Object.keys(wanted).map((name) => [
        name,
        flags[name] && (flags[name].short ?? ""),
      ]);
      expect(Object.fromEntries(found)).toEqual(wanted);
    });
  }
});
