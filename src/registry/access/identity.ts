export type Action = "pull" | "push" | "delete";

/** What a request needs to be allowed to do. */
export interface Need {
  readonly repository: string;
  readonly actions: readonly Action[];
}

/** Who asks, and what that one may do. */
export interface Identity {
  /** Undefined for anonymous. */
  readonly user: string | undefined;
  allows(repository: string, action: Action): boolean;
  /** Which repositories stand in the list of all; undefined where there is no list for this one. */
  readonly sees: ((repository: string) => boolean) | undefined;
}

export const everybodyMayAll: Identity = {
  user: undefined,
  allows: () => true,
  sees: () => true,
};
