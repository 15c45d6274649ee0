import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "IMAGE [IMAGE...]",
  description: "Lift the guard of one or more images",
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const { images } = await context.client();
    return await forEachArgument(args, context, async (image) => {
      await images.lock(image, false);
      return image;
    });
  },
});
