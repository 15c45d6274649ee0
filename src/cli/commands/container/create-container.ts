import { EngineError } from "../../../spec/errors.ts";
import type { ContainerCreateRequest, ContainerCreateResponse } from "../../../spec/index.ts";
import { familiarString, parseReference, withDefaultTag } from "../../../spec/reference.ts";
import type { CommandContext } from "../../command.ts";
import type { ContainerFlagValues } from "../../container-config/create-request.ts";

/** Creates the container of `create` or `run`, with the image pulled as `--pull` says. */
export async function createContainer(
  context: CommandContext,
  values: ContainerFlagValues,
  request: ContainerCreateRequest,
): Promise<ContainerCreateResponse> {
  refuseUnsupported(values);
  warnLocally(context, values);
  await addProxies(context, request);
  const idFile =
    values.cidfile === "" ? undefined : (await import("./id-file.ts")).openIdFile(values.cidfile);
  try {
    const response = await createWithImage(context, values, request);
    for (const warning of response.Warnings ?? []) context.stderr.line(`WARNING: ${warning}`);
    idFile?.write(response.Id);
    return response;
  } catch (error) {
    idFile?.discard();
    throw error;
  }
}

async function createWithImage(
  context: CommandContext,
  values: ContainerFlagValues,
  request: ContainerCreateRequest,
): Promise<ContainerCreateResponse> {
  const { containers } = await context.client();
  const options = {
    ...(values.name === "" ? {} : { name: values.name }),
    ...(values.platform === "" ? {} : { platform: values.platform }),
  };
  const image = request.Image ?? "";
  const reference = imageReference(image);
  if (values.pull === "always") await pull(context, values, reference ?? image);
  try {
    return await containers.create(request, options);
  } catch (error) {
    const missing = error instanceof EngineError && error.kind === "not-found";
    if (!missing || reference === undefined || values.pull !== "missing" || !saysNoImage(error)) {
      throw error;
    }
    if (!values.quiet) context.stderr.line(`Unable to find image '${reference}' locally`);
    await pull(context, values, reference);
    return await containers.create(request, options);
  }
}

/** Containers and networks can be missing too; only an image can be fetched. */
const saysNoImage = (error: EngineError): boolean => /no such image/i.test(error.message);

/** The full familiar name; undefined for an image id. */
function imageReference(image: string): string | undefined {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(image)) return undefined;
  return familiarString(withDefaultTag(parseReference(image)));
}

async function pull(
  context: CommandContext,
  values: ContainerFlagValues,
  reference: string,
): Promise<void> {
  const { pullImage } = await import("../image/pull-image.ts");
  await pullImage(context, reference, {
    platform: values.platform,
    ...(values.quiet ? {} : { output: context.stderr }),
  });
}

/** What cannot be honoured is said, never ignored. */
function refuseUnsupported(values: ContainerFlagValues): void {
  if (values["use-api-socket"]) throw new Error("--use-api-socket is not supported");
  if (!values["disable-content-trust"]) throw new Error("content trust is not supported");
}

async function addProxies(context: CommandContext, request: ContainerCreateRequest): Promise<void> {
  const config = await context.config();
  if (config.proxies === undefined) return;
  const { proxyVariables } = await import("../../container-config/proxies.ts");
  const { host } = await context.client();
  const variables = proxyVariables(config, host, request.Env ?? []);
  if (variables.length > 0) request.Env = [...(request.Env ?? []), ...variables];
}

function warnLocally({ stderr }: CommandContext, values: ContainerFlagValues): void {
  if (values["kernel-memory"] !== 0) {
    stderr.line("WARNING: --kernel-memory is ignored: kernels have no such limit any more.");
  }
  const local = values.dns.find((address) => /^127\.|^::1$/.test(address));
  if (local !== undefined) {
    stderr.line(`WARNING: Localhost DNS (${local}) may fail in containers.`);
  }
}
