import { verbCommand } from "./simple-verbs.ts";

export const command = verbCommand({
  description: "Pause services",
  words: ["Pausing", "Paused"],
  states: ["running"],
  act: ({ client }, { id }) => client.containers.pause(id),
});
