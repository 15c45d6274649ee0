import type { RuntimeSeccomp } from "../../spec/index.ts";
import defaultProfile from "./default-profile.data.json" with { type: "json" };
import {
  type ProfileContext,
  resolveSeccompProfile,
  type SeccompProfile,
} from "./seccomp-profile.ts";

/** The default profile for containers, an allow list with Docker's policy. */
export function resolveDefaultSeccomp(context: ProfileContext): RuntimeSeccomp {
  const profile: SeccompProfile = defaultProfile;
  return resolveSeccompProfile(profile, context);
}
