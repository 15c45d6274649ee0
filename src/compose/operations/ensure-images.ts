import type { EngineClient } from "../../client/index.ts";
import { EngineError } from "../../spec/index.ts";
import type { Service } from "../file/project.ts";
import { imageName } from "../model/names.ts";
import type { ProjectContext } from "./project-context.ts";

export interface ImageOptions {
  /** `--pull`: goes before the services' own policy. */
  pull?: "always" | "missing" | "never" | "policy" | "build";
  /** `--build`, `--no-build`. */
  build: "missing" | "always" | "never";
  quietPull: boolean;
}

/** Pulls or builds one image; the composition of commands gives them. */
export interface ImageMakers {
  pull(image: string, service: Service, subject: string): Promise<void>;
  build(name: string, service: Service): Promise<void>;
}

/**
 * Sees that every service's image is there, each image once. Resolves with the id of each service's image.
 */
export async function ensureImages(
  context: ProjectContext,
  makers: ImageMakers,
  options: ImageOptions,
): Promise<Map<string, string>> {
  const { client, project } = context;
  const byImage = new Map<string, [string, Service][]>();
  for (const [name, service] of Object.entries(project.services)) {
    const image = imageName(project.name, name, service);
    byImage.set(image, [...(byImage.get(image) ?? []), [name, service]]);
  }
  const ids = new Map<string, string>();
  await Promise.all(
    [...byImage].map(async ([image, users]) => {
      const id = await ensureImage(context, makers, options, image, users);
      for (const [name] of users) ids.set(name, id ?? (await imageId(client, image)) ?? "");
    }),
  );
  return ids;
}

async function ensureImage(
  context: ProjectContext,
  makers: ImageMakers,
  options: ImageOptions,
  image: string,
  users: readonly [string, Service][],
): Promise<string | undefined> {
  const [name, service] = users.find(([, { build }]) => build !== undefined) ??
    users[0] ?? ["", {}];
  const policy = pullPolicy(options, service);
  const present = await imageId(context.client, image);
  const mustBuild = options.build === "always" || policy === "build";
  if (service.build !== undefined && options.build !== "never") {
    if (mustBuild || (present === undefined && !wantsPull(service))) {
      await makers.build(name, service);
      return undefined;
    }
  }
  if (present !== undefined && !(await isDue(context, policy, image))) return present;
  if (policy === "never") {
    if (present !== undefined) return present;
    throw new Error(
      `service "${name}" has no image "${image}" on this engine, and its pull policy is "never"`,
    );
  }
  try {
    await makers.pull(image, service, `Image ${image}`);
  } catch (error) {
    if (service.build === undefined || options.build === "never") throw error;
    await makers.build(name, service);
  }
  return undefined;
}

/** A service with both an image and a build is pulled first only if its policy says so. */
const wantsPull = ({ pull_policy: policy }: Service): boolean =>
  policy === "always" || policy === "missing";

function pullPolicy({ pull = "policy" }: ImageOptions, { pull_policy: own }: Service): string {
  return pull === "policy" ? (own ?? "missing") : pull;
}

const DAY = 24 * 3600_000;

/** Is an image that is there to be fetched again? */
async function isDue({ client }: ProjectContext, policy: string, image: string): Promise<boolean> {
  if (policy === "always" || policy === "refresh") return true;
  const every =
    policy === "daily"
      ? DAY
      : policy === "weekly"
        ? 7 * DAY
        : milliseconds(/^every_(.*)$/.exec(policy)?.[1]);
  if (every === undefined) return false;
  const { Metadata } = await client.images.inspect(image);
  const pulled = Date.parse(Metadata?.LastTagTime ?? "");
  return Number.isNaN(pulled) || Date.now() - pulled > every;
}

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: DAY, w: 7 * DAY };

const milliseconds = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0);
};

export async function imageId(client: EngineClient, image: string): Promise<string | undefined> {
  try {
    return (await client.images.inspect(image)).Id;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not-found") return undefined;
    throw error;
  }
}
