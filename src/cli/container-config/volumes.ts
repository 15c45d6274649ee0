import { absolutePath } from "./absolute-path.ts";

export interface VolumeSettings {
  /** `source:target[:options]`. */
  binds: string[];
  /** Targets of anonymous volumes. */
  anonymous: Record<string, Record<string, never>>;
}

/** `--volume`: binds with relative sources made absolute, and anonymous volumes. */
export function parseVolumes(specs: readonly string[]): VolumeSettings {
  const settings: VolumeSettings = { binds: [], anonymous: {} };
  for (const spec of specs) {
    const source = sourceOf(spec);
    if (source === undefined) settings.anonymous[spec] = {};
    else settings.binds.push(absolute(spec, source));
  }
  return settings;
}

/** undefined: the text is the target of an anonymous volume. The daemon judges all the rest. */
function sourceOf(spec: string): string | undefined {
  if (spec === "") throw new Error("invalid empty volume spec");
  if (spec.startsWith(":")) return undefined;
  const parts = spec.split(":");
  if (parts.includes("") && parts.length > 1) {
    throw new Error(`invalid spec: ${spec}: empty section between colons`);
  }
  return parts.length === 1 ? undefined : parts[0];
}

function absolute(spec: string, source: string): string {
  return source.startsWith(".") ? absolutePath(source) + spec.slice(source.length) : spec;
}
