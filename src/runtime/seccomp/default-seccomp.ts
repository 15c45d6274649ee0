import type { RuntimeSeccomp } from "../../spec/index.ts";
import defaultProfile from "./default-profile.data.json" with { type: "json" };
import {
  type ProfileContext,
  resolveSeccompProfile,
  type SeccompProfile,
} from "./seccomp-profile.ts";

/**
 * The default profile for containers: an allow list with Docker's policy. The same set of capabilities
 * gives the same object, so that a cache can go by identity.
 */
export class DefaultSeccomp {
  readonly #resolved = new Map<string, RuntimeSeccomp>();

  resolve(context: ProfileContext): RuntimeSeccomp {
    const key = `${context.architecture} ${context.kernel} ${[...context.capabilities].sort().join(" ")}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const profile: SeccompProfile = defaultProfile;
    const resolved = resolveSeccompProfile(profile, context);
    this.#resolved.set(key, resolved);
    return resolved;
  }
}
