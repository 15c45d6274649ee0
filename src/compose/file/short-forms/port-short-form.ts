import { parsePorts } from "../../../cli/container-config/ports.ts";
import type { Plain } from "../node.ts";

/**
 * `[[address:]published:]target[/protocol]`, ranges included, as one mapping for each port.
 * Compose Specification, "Short syntax" of `ports`. Throws Error with Docker's words.
 */
export function expandPort(text: string): Plain[] {
  const { bindings } = parsePorts([text], []);
  const single = singleTarget(text);
  const ports = Object.entries(bindings).flatMap(([key, published]) =>
    (published ?? []).map((binding) => {
      const [target = "", protocol = "tcp"] = key.split("/");
      return {
        mode: "ingress",
        ...(binding.HostIp ? { host_ip: binding.HostIp } : {}),
        target: Number(target),
        ...(binding.HostPort ? { published: binding.HostPort } : {}),
        protocol,
      };
    }),
  );
  return single ? ports.slice(0, 1) : ports;
}

/** A range of published ports for one target is one port, whose published one the engine chooses. */
const singleTarget = (text: string): boolean => !/-\d+(?:\/\w+)?$/.test(text);
