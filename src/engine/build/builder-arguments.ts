/** Arguments that are meant for the builder: `BUILDKIT_INLINE_CACHE=1`. */
export const isTrue = (value: string | undefined): boolean => /^(?:1|t|true)$/i.test(value ?? "");
