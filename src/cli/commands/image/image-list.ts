import { shortId } from "../../../spec/ids.ts";
import type { ImageSummary } from "../../../spec/index.ts";
import { humanSize } from "../../format/human-size.ts";
import type { ListSpec } from "../../format/list-format.ts";
import { ago, goTime } from "../../format/time.ts";

const NONE = "<none>";

/** One line of `images`: an image under one of its names. */
export interface NamedImage {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

const HEADINGS = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
};

export function imageList(options: { truncate: boolean; digests: boolean }): ListSpec<NamedImage> {
  const digest = options.digests ? ["Digest"] : [];
  return {
    typeName: "*formatter.imageContext",
    headings: HEADINGS,
    columns: ["Repository", "Tag", ...digest, "ID", "CreatedSince", "Size"],
    raw: `repository: {{.Repository}}
tag: {{.Tag}}
${options.digests ? "digest: {{.Digest}}\n" : ""}image_id: {{.ID}}
created_at: {{.CreatedAt}}
virtual_size: {{.Size}}
`,
    row: ({ image, repository, tag, digest: shown }) => ({
      ID: options.truncate ? shortId(image.Id) : image.Id,
      Repository: repository,
      Tag: tag,
      Digest: shown,
      CreatedSince: ago(image.Created),
      // Made only when it is shown: the local zone takes milliseconds to load.
      get CreatedAt() {
        return goTime(new Date(image.Created * 1000));
      },
      Size: humanSize(image.Size, 3),
      Containers: image.Containers === -1 ? "N/A" : String(image.Containers),
      VirtualSize: humanSize(image.Size),
      SharedSize: image.SharedSize === -1 ? "N/A" : humanSize(image.SharedSize),
      UniqueSize: image.SharedSize === -1 ? "N/A" : humanSize(image.Size - image.SharedSize),
    }),
  };
}

/** An image once for each of its names, and for each digest where they are shown. */
export function nameImages(images: readonly ImageSummary[], digests: boolean): NamedImage[] {
  return images.flatMap((image) => {
    const tags = (image.RepoTags ?? []).filter((name) => name !== "<none>:<none>");
    const references = (image.RepoDigests ?? []).filter((name) => name !== "<none>@<none>");
    const tagged = tags.flatMap((name): NamedImage[] => {
      const colon = name.lastIndexOf(":");
      const repository = name.slice(0, colon);
      const tag = name.slice(colon + 1);
      const own = digests ? references.filter((each) => each.startsWith(`${repository}@`)) : [];
      const shown = own.length === 0 ? [NONE] : own.map(digestOf);
      return shown.map((digest) => ({ image, repository, tag, digest }));
    });
    const repositories = new Set(tagged.map(({ repository }) => repository));
    const rest = references.filter((name) => !repositories.has(name.split("@")[0] ?? ""));
    const untagged = rest.map((name) => ({
      image,
      repository: name.split("@")[0] ?? "",
      tag: NONE,
      digest: digestOf(name),
    }));
    const named = [...tagged, ...(digests ? untagged : onePerRepository(untagged))];
    return named.length > 0 ? named : [{ image, repository: NONE, tag: NONE, digest: NONE }];
  });
}

function onePerRepository(rows: readonly NamedImage[]): NamedImage[] {
  return [...new Map(rows.map((row) => [row.repository, row])).values()];
}

const digestOf = (name: string): string => name.slice(name.indexOf("@") + 1);
