import { goTimeUtc } from "./time.ts";

/**
 * What JSON does not tell of Docker's Go types, as far as templates can see it: which objects are maps,
 * which absent fields have a zero value, and which nulls are pointers rather than empty lists.
 */

/** Fields whose objects are Go maps: their keys are data. */
const MAPS = new Set(
  "Labels Annotations Options DriverOpts Sysctls Tmpfs StorageOpt PortBindings Ports Networks ExposedPorts Volumes Config.Volumes Data Containers AuxiliaryAddresses Status EndpointsConfig Attributes IPAM.Options LogConfig.Config Details".split(
    " ",
  ),
);

const NIL_POINTERS = new Set(
  "Health Healthcheck MemorySwappiness OomKillDisable PidsLimit Init StopTimeout IPAMConfig UsageData GraphDriver".split(
    " ",
  ),
);

/** Fields that are left out of JSON when empty, by the field that holds them. */
const OMITTED: Record<string, Record<string, unknown>> = {
  State: { Health: null },
  Config: {
    StopSignal: "",
    StopTimeout: null,
    Healthcheck: null,
    ExposedPorts: new Map(),
    Shell: [],
    MacAddress: "",
  },
  HostConfig: {
    Annotations: new Map(),
    Sysctls: new Map(),
    Tmpfs: new Map(),
    StorageOpt: new Map(),
    Mounts: [],
    Init: null,
  },
};

/** JSON as the structs of Docker's Go packages. */
export function asGoStructs(value: unknown, name = "", parent = ""): unknown {
  if (value === null) return nullAs(name);
  if (Array.isArray(value)) return value.map((each) => asGoStructs(each, "", name));
  if (name === "LastTagTime" && typeof value === "string") return goTimeUtc(value);
  if (typeof value !== "object") return value;
  const isMap = MAPS.has(name) || MAPS.has(`${parent}.${name}`);
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
    key,
    asGoStructs(each, isMap ? "" : key, name),
  ]);
  if (isMap) return new Map(entries);
  const fields: Record<string, unknown> = Object.fromEntries(entries);
  for (const [key, zero] of Object.entries(OMITTED[name] ?? {})) {
    if (!(key in fields)) addHidden(fields, key, zero);
  }
  // Go's field is named ID; JSON says Id.
  if (name === "" && "Id" in fields) addHidden(fields, "ID", fields["Id"]);
  return fields;
}

/** To be read by name, but no part of the object's JSON. */
function addHidden(fields: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(fields, key, { value, enumerable: false });
}

function nullAs(name: string): unknown {
  if (MAPS.has(name)) return new Map();
  return NIL_POINTERS.has(name) ? null : [];
}

/** JSON as Go's maps, in which any key may be asked for. */
export function asGoMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asGoMaps);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, each]) => [key, asGoMaps(each)]));
}
