import { EngineError, errorMessage, notFound } from "../../../spec/index.ts";
import type { Collection } from "../../../store/index.ts";
import {
  findPlugin,
  type PluginDirectories,
  type PluginEndpoint,
  pluginNames,
} from "./find-plugins.ts";
import { callPlugin, HURRY, PATIENCE, type PluginPatience } from "./plugin-call.ts";

/** A volume as its plugin describes it. */
export interface PluginVolume {
  Name: string;
  Mountpoint?: string;
  CreatedAt?: string;
  Status?: Record<string, unknown>;
}

/** A mount that a plugin was asked for and not yet told to end. */
export interface PluginMount {
  driver: string;
  volume: string;
  /** Container. */
  holder: string;
}

export interface VolumePluginsOptions {
  directories: PluginDirectories;
  /** What must be unmounted some day, over restarts. */
  mounts: Collection<PluginMount>;
}

const METHOD = "VolumeDriver";

/** Docker's volume plugins: processes beside the engine that keep volumes elsewhere. */
export class VolumePlugins {
  readonly #options: VolumePluginsOptions;
  /** Plugins that have said that they keep volumes, with where those are seen. */
  readonly #active = new Map<string, "local" | "global">();

  constructor(options: VolumePluginsOptions) {
    this.#options = options;
  }

  /** Of all plugins that have announced themselves, whatever they are for. */
  names(): string[] {
    return pluginNames(this.#options.directories);
  }

  async scope(driver: string): Promise<"local" | "global"> {
    await this.#endpoint(driver, PATIENCE);
    return this.#active.get(driver) ?? "local";
  }

  async create(driver: string, name: string, options: Record<string, string>): Promise<void> {
    await this.#call(driver, "Create", { Name: name, Opts: options });
  }

  async remove(driver: string, name: string): Promise<void> {
    await this.#call(driver, "Remove", { Name: name });
  }

  /** `undefined` where the plugin knows no such volume, or does not answer soon. */
  async find(driver: string, name: string): Promise<PluginVolume | undefined> {
    try {
      return await this.get(driver, name, HURRY);
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }

  async get(driver: string, name: string, patience = PATIENCE): Promise<PluginVolume> {
    const { Volume } = await this.#call<{ Volume?: PluginVolume | null }>(
      driver,
      "Get",
      { Name: name },
      patience,
    );
    if (Volume === undefined || Volume === null) throw notFound(`get ${name}: no such volume`);
    return Volume;
  }

  async list(driver: string): Promise<{ volumes: PluginVolume[]; scope: "local" | "global" }> {
    const { Volumes } = await this.#call<{ Volumes?: PluginVolume[] | null }>(
      driver,
      "List",
      {},
      HURRY,
    );
    return { volumes: Volumes ?? [], scope: this.#active.get(driver) ?? "local" };
  }

  /** Makes a volume usable for a container; gives its directory. Noted before, so that no mount is lost. */
  async mount(mount: PluginMount): Promise<string> {
    const { driver, volume, holder } = mount;
    this.#options.mounts.put(keyOf(mount), mount);
    const { Mountpoint = "" } = await this.#call<{ Mountpoint?: string }>(driver, "Mount", {
      Name: volume,
      ID: holder,
    });
    if (Mountpoint !== "") return Mountpoint;
    const { Mountpoint: path = "" } = await this.#call<{ Mountpoint?: string }>(driver, "Path", {
      Name: volume,
    });
    return path;
  }

  /** Does nothing where the container has not mounted it. */
  async unmount(mount: PluginMount): Promise<void> {
    const { driver, volume, holder } = mount;
    if (this.#options.mounts.get(keyOf(mount)) === undefined) return;
    await this.#call(driver, "Unmount", { Name: volume, ID: holder });
    this.#options.mounts.delete(keyOf(mount));
  }

  mounts(): PluginMount[] {
    return this.#options.mounts.all();
  }

  async #call<T>(driver: string, verb: string, body: object, patience = PATIENCE): Promise<T> {
    const endpoint = await this.#endpoint(driver, patience);
    return await callPlugin<T>(endpoint, `${METHOD}.${verb}`, body, patience);
  }

  /** Looked up each time: a plugin may have come back under another address. */
  async #endpoint(driver: string, patience: PluginPatience): Promise<PluginEndpoint> {
    const endpoint = findPlugin(this.#options.directories, driver);
    const lookUp = `error looking up volume plugin ${driver}:`;
    if (endpoint === undefined) throw notFound(`${lookUp} plugin "${driver}" not found`);
    if (this.#active.has(driver)) return endpoint;
    try {
      const { Implements } = await callPlugin<{ Implements?: string[] | null }>(
        endpoint,
        "Plugin.Activate",
        {},
        patience,
      );
      if (Implements?.includes(METHOD) !== true) {
        throw new EngineError("not-found", "Plugin does not implement the requested driver");
      }
      this.#active.set(driver, await scopeOf(endpoint, patience));
    } catch (error) {
      throw notFound(`${lookUp} legacy plugin: ${errorMessage(error)}`, error);
    }
    return endpoint;
  }
}

/** Old plugins do not know the call: what they keep is on this host. */
async function scopeOf(
  endpoint: PluginEndpoint,
  patience: PluginPatience,
): Promise<"local" | "global"> {
  try {
    const { Capabilities } = await callPlugin<{ Capabilities?: { Scope?: string } }>(
      endpoint,
      `${METHOD}.Capabilities`,
      {},
      patience,
    );
    return Capabilities?.Scope === "global" ? "global" : "local";
  } catch {
    return "local";
  }
}

const keyOf = ({ driver, volume, holder }: PluginMount): string => `${driver} ${volume} ${holder}`;
