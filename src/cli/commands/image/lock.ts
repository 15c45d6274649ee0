import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "IMAGE [IMAGE...]",
  description: "Guard one or more images against removal, forced ones and prunes included",
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const { images } = await context.client();
    return await forEachArgument(args, context, async (image) => {
      await images.lock(image, true);
      return image;
    });
  },
});
