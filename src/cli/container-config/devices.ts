import { parseByteSize } from "../../spec/byte-size.ts";
import { csvFields } from "../../spec/csv-fields.ts";
import type {
  DeviceMapping,
  DeviceRequest,
  ThrottleDevice,
  WeightDevice,
} from "../../spec/index.ts";
import { splitPair } from "../flags/flag-kinds.ts";

const isMode = (text: string): boolean =>
  /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** A device of the Container Device Interface: `vendor.com/class=name`. */
const isCdiName = (text: string): boolean =>
  /^[a-zA-Z0-9._-]+\/[a-zA-Z0-9._-]+=[^=/:]+$/.test(text);

/** `--device`: `/dev/sda[:/dev/xvda[:rwm]]`; names of the Container Device Interface become requests. */
export function parseDevices(specs: readonly string[]): {
  devices: DeviceMapping[];
  requests: DeviceRequest[];
} {
  const names = specs.filter(isCdiName);
  return {
    devices: specs.filter((spec) => !isCdiName(spec)).map(parseDevice),
    requests:
      names.length === 0
        ? []
        : [{ Driver: "cdi", Count: 0, DeviceIDs: names, Capabilities: null, Options: null }],
  };
}

function parseDevice(spec: string): DeviceMapping {
  const parts = spec.split(":");
  if (spec === "" || parts.length > 3) throw new Error(`bad format for path: ${spec}`);
  const [host = "", second, third] = parts;
  const mode = third ?? (second !== undefined && isMode(second) ? second : "rwm");
  const target = second === undefined || (third === undefined && isMode(second)) ? host : second;
  if (!isMode(mode)) throw new Error(`bad mode specified: ${mode}`);
  for (const path of [target, host]) {
    if (!path.startsWith("/")) throw new Error(`${path} is not an absolute path`);
  }
  return { PathOnHost: host, PathInContainer: target, CgroupPermissions: mode };
}

export function validateDeviceCgroupRule(text: string): string {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(text)) {
    throw new Error(`invalid device cgroup format '${text}'`);
  }
  return text;
}

function splitDevice(text: string): [path: string, value: string] {
  const colon = text.indexOf(":");
  if (colon < 0) throw new Error(`bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${text}`);
  return [path, text.slice(colon + 1)];
}

/** `--device-read-bps /dev/sda:1mb`. */
export function parseByteRate(text: string): ThrottleDevice {
  const [path, value] = splitDevice(text);
  try {
    return { Path: path, Rate: parseByteSize(value) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

/** `--device-read-iops /dev/sda:1000`. */
export function parseOperationRate(text: string): ThrottleDevice {
  const [path, value] = splitDevice(text);
  if (!/^\d+$/.test(value)) {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { Path: path, Rate: Number(value) };
}

/** `--blkio-weight-device /dev/sda:200`. */
export function parseDeviceWeight(text: string): WeightDevice {
  const [path, value] = splitDevice(text);
  const weight = Number(value);
  if (!/^\d+$/.test(value) || (weight > 0 && (weight < 10 || weight > 1000))) {
    throw new Error(`invalid weight for device: ${text}`);
  }
  return { Path: path, Weight: weight };
}

/** `--gpus all`, `2`, `"device=1,2"`, `driver=nvidia,capabilities=utility`. */
export function parseGpuRequest(text: string): DeviceRequest {
  const request: DeviceRequest = {
    Driver: "",
    Count: 0,
    DeviceIDs: null,
    Capabilities: null,
    Options: {},
  };
  const seen = new Set<string>();
  for (const field of csvFields(text)) {
    const [key, value] = field.includes("=") ? splitPair(field) : ["count", field];
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    applyGpuField(request, key, value, field);
  }
  if (!seen.has("count") && request.DeviceIDs === null) request.Count = 1;
  request.Capabilities ??= [["gpu"]];
  return request;
}

function applyGpuField(request: DeviceRequest, key: string, value: string, field: string): void {
  switch (key) {
    case "driver":
      request.Driver = value;
      return;
    case "count":
      request.Count = parseCount(value);
      return;
    case "device":
      request.DeviceIDs = value.split(",");
      return;
    case "capabilities":
      request.Capabilities = [[...value.split(","), "gpu"]];
      return;
    case "options":
      request.Options = Object.fromEntries(csvFields(value).map(splitPair));
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

function parseCount(text: string): number {
  if (text === "all") return -1;
  if (!/^[-+]?\d+$/.test(text)) {
    throw new Error(
      `invalid count (${text}): value must be either "all" or an integer: invalid syntax`,
    );
  }
  return Number(text);
}
