import { verbCommand } from "./simple-verbs.ts";

export const command = verbCommand({
  description: "Unpause services",
  words: ["Unpausing", "Unpaused"],
  states: ["paused"],
  act: ({ client }, { id }) => client.containers.unpause(id),
});
