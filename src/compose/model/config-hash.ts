import { createHash } from "node:crypto";
import type { Network, Service } from "../file/project.ts";
import { serviceJson } from "../file/render-config.ts";

/**
 * What a container is compared with: SHA-256 of the service as Docker Compose hashes it, without what may
 * change without a new container (build, scale, dependencies, profiles, when to pull).
 */
export function serviceHash(service: Service): string {
  const { build: _b, pull_policy: _p, scale: _s, depends_on: _d, profiles: _f, ...rest } = service;
  const { replicas: _r, ...deploy } = rest.deploy ?? {};
  const hashed: Service = { ...rest, ...(service.deploy ? { deploy } : {}) };
  return hash(serviceJson(hashed));
}

/** The same for a network. */
export function networkHash(network: Network): string {
  const {
    name,
    driver,
    driver_opts,
    ipam = {},
    external,
    internal,
    attachable,
    labels,
    ...rest
  } = network;
  return hash(
    JSON.stringify({
      name,
      driver: driver || undefined,
      driver_opts,
      ipam,
      external: external || undefined,
      internal: internal || undefined,
      attachable: attachable || undefined,
      labels,
      enable_ipv4: rest.enable_ipv4,
      enable_ipv6: rest.enable_ipv6,
    }),
  );
}

/** Go writes these three escaped in JSON. */
const hash = (json: string): string =>
  createHash("sha256")
    .update(json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`))
    .digest("hex");
