import { shortId } from "../../../spec/ids.ts";
import type { ContainerSummary } from "../../../spec/index.ts";
import { ellipsis } from "../../format/ellipsis.ts";
import { humanSize } from "../../format/human-size.ts";
import type { ListSpec, Row } from "../../format/list-format.ts";
import { displayPorts } from "../../format/ports.ts";
import { quoteGo } from "../../format/quote-go.ts";
import { ago, goTime } from "../../format/time.ts";

const HEADINGS = {
  ID: "CONTAINER ID",
  Names: "NAMES",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Labels: "LABELS",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
};

const COLUMNS = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];

const RAW = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{.State}}
status: {{.Status}}
names: {{.Names}}
labels: {{- if .Labels}} {{.Labels}}{{end}}
ports: {{- if .Ports}} {{.Ports}}{{end}}
`;

/** The table of `ps`. */
export function containerList(options: {
  truncate: boolean;
  size: boolean;
}): ListSpec<ContainerSummary> {
  return {
    typeName: "*formatter.ContainerContext",
    headings: HEADINGS,
    columns: options.size ? [...COLUMNS, "Size"] : COLUMNS,
    raw: options.size ? `${RAW}size: {{.Size}}\n` : RAW,
    row: (container) => containerRow(container, options.truncate),
  };
}

export function containerRow(container: ContainerSummary, truncate: boolean): Row {
  const { Command, Created, Labels, Mounts } = container;
  return {
    ID: truncate ? shortId(container.Id) : container.Id,
    Names: names(container.Names ?? [], truncate),
    Image: image(container, truncate),
    Command: quoteGo(truncate ? ellipsis(Command, 20) : Command),
    // Made only when it is shown: the local zone takes milliseconds to load.
    get CreatedAt() {
      return goTime(new Date(Created * 1000));
    },
    RunningFor: ago(Created),
    Ports: displayPorts(container.Ports ?? []),
    State: container.State,
    Status: container.Status,
    Size: size(container),
    Labels: labelText(Labels),
    Mounts: (Mounts ?? [])
      .map(({ Name, Source }) => Name || Source)
      .map((name) => (truncate ? ellipsis(name, 15) : name))
      .join(","),
    LocalVolumes: String((Mounts ?? []).filter(({ Driver }) => Driver === "local").length),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Platform: null,
    Label: (name: string) => Labels?.[name] ?? "",
  };
}

/** `a=1,b=2`, sorted. */
export function labelText(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

/** Without links, whose names have a second slash, where the list is short. */
function names(all: readonly string[], truncate: boolean): string {
  const plain = all.map((name) => name.replace(/^\//, ""));
  if (!truncate) return plain.join(",");
  const own = plain.find((name) => !name.includes("/"));
  return own ?? plain.join(",");
}

function image({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === "") return "<no image>";
  if (!truncate) return Image;
  if (shortId(ImageID) === shortId(Image)) return shortId(ImageID);
  // A digest behind a tag says nothing more in a short list.
  return /^[^@]+:[^/@]+@sha256:/.test(Image) ? Image.replace(/@sha256:.*$/, "") : Image;
}

function size({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}
