import type { SystemVersion } from "../../spec/index.ts";

/** Another engine does not know Berth's own parameters, and would act as if they were not there. */
export function isBerth({ Platform }: SystemVersion): boolean {
  return Platform?.Name === "Berth Engine";
}
