import { matchesPattern } from "../names.ts";
import type { Action, Identity } from "./identity.ts";

/** Gives rights; what no rule gives is refused. */
export interface AccessRule {
  /** Names; `*` is everybody who has logged in, `anonymous` everybody. */
  readonly users: readonly string[];
  /** Globs of repositories; `*` within a component, `**` across. */
  readonly repositories: readonly string[];
  readonly actions: readonly Action[];
}

export const everythingForUsers: AccessRule = {
  users: ["*"],
  repositories: ["**"],
  actions: ["pull", "push", "delete"],
};

export const pullForAll: AccessRule = {
  users: ["anonymous"],
  repositories: ["**"],
  actions: ["pull"],
};

/** What the rules give to a user; `undefined` is anonymous. */
export function identityByRules(rules: readonly AccessRule[], user: string | undefined): Identity {
  const own = rules.filter(({ users }) =>
    users.some(
      (name) => name === "anonymous" || (user !== undefined && (name === "*" || name === user)),
    ),
  );
  const allows = (repository: string, action: Action): boolean =>
    own.some(
      (rule) =>
        rule.actions.includes(action) &&
        rule.repositories.some((pattern) => matchesPattern(pattern, repository)),
    );
  const sees = (repository: string): boolean => allows(repository, "pull");
  return { user, allows, sees: own.length > 0 ? sees : undefined };
}
