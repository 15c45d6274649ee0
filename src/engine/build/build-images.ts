import type { AuthByHost, BuildImages, PullProgress } from "../../build/index.ts";
import {
  EngineError,
  familiarString,
  type Platform,
  type ProgressMessage,
  parseReference,
  platformDistance,
  platformString,
  type Reference,
  type RegistryAuth,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "store" | "images">;

/** Images and registries as builds see them. */
export function createBuildImages(context: Context): BuildImages {
  return {
    resolve: (reference, options, progress, signal) =>
      resolveImage(context, reference, options, progress, signal),
    tag: (id, name) => context.images.tag(id, splitName(name)),
    push: async (name, auth, progress, signal) => {
      const reference = parseReference(name);
      const credentials = authFor(auth, reference);
      const { repo, tag } = splitName(name);
      const options = {
        // Its layers have the form that the build was to give them.
        asItIs: true,
        ...(tag === undefined ? {} : { tag }),
        ...(credentials === undefined ? {} : { auth: credentials }),
      };
      for await (const message of context.images.push(repo, options, signal)) {
        tell(message, progress);
      }
    },
    save: (names, signal) => context.images.save(names, { platforms: [] }, signal),
  };
}

async function resolveImage(
  context: Context,
  reference: Reference,
  options: { platform: Platform; pull: boolean; auth: AuthByHost },
  progress: (news: PullProgress) => void,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const name = familiarString(reference);
  const here = findHere(context, name, options.platform);
  if (here !== undefined && !options.pull) return here;
  const auth = authFor(options.auth, reference);
  const pulling = context.images.pull(
    {
      reference: familiarString(
        reference.tag || reference.digest ? reference : { ...reference, tag: "latest" },
      ),
      platform: platformString(options.platform),
      ...(auth === undefined ? {} : { auth }),
    },
    signal,
  );
  for await (const message of pulling) tell(message, progress);
  const pulled = findHere(context, name, options.platform);
  if (pulled !== undefined) return pulled;
  throw new EngineError(
    "not-found",
    `no match for platform in manifest: ${name} is not there for ${platformString(options.platform)}`,
  );
}

function findHere(context: Context, name: string, platform: Platform): ImageRecord | undefined {
  try {
    const record = context.store.images.find(name);
    return platformDistance(platform, record.config) === undefined ? undefined : record;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not-found") return undefined;
    throw error;
  }
}

function tell(message: ProgressMessage, progress: (news: PullProgress) => void): void {
  const { status, id, progressDetail } = message;
  if (status === undefined) return;
  const { current, total } = progressDetail ?? {};
  progress({
    item: id ?? "",
    status,
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
  });
}

/** Docker's clients call Docker Hub by the address of its first version. */
const HUB = ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];

export function authFor(auth: AuthByHost, { domain }: Reference): RegistryAuth | undefined {
  const names = domain === "docker.io" ? HUB : [domain, `https://${domain}`, `http://${domain}`];
  return names.map((name) => auth[name]).find((each) => each !== undefined);
}

function splitName(name: string): { repo: string; tag?: string } {
  const { domain, path, tag } = parseReference(name);
  const repo = familiarString({ domain, path });
  return tag === undefined ? { repo } : { repo, tag };
}
