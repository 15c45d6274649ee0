import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * A volume plugin as a process: `bun volume-plugin.ts SOCKET DIRECTORY [FAULT]` speaks Docker's protocol
 * (docs.docker.com, "Docker volume plugins") on a unix socket, keeps volumes in a directory, and writes what
 * it was asked to `calls` there. FAULT: `slow-mount`, `no-create`, `no-activate`.
 */
interface Request {
  Name?: string;
  ID?: string;
  Opts?: Record<string, string>;
}

function serve(socket: string, directory: string, fault: string): void {
  const volumes = new Map<string, Record<string, string>>();
  const mounts = new Set<string>();
  const place = (name: string) => join(directory, "volumes", name);
  const known = (name: string) => {
    if (!volumes.has(name)) throw new Error(`no such volume: ${name}`);
    return {
      Name: name,
      Mountpoint: place(name),
      Status: { opts: volumes.get(name), mounts: mounts.size },
    };
  };
  const calls: Record<string, (request: Required<Request>) => object | Promise<object>> = {
    "/Plugin.Activate": () => ({
      Implements: fault === "no-activate" ? ["Other"] : ["VolumeDriver"],
    }),
    "/VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),
    "/VolumeDriver.Create": ({ Name, Opts }) => {
      if (fault === "no-create" || Opts["refuse"] !== undefined)
        throw new Error("the shelf is full");
      mkdirSync(place(Name), { recursive: true });
      volumes.set(Name, Opts);
      return {};
    },
    "/VolumeDriver.Get": ({ Name }) => ({ Volume: known(Name) }),
    "/VolumeDriver.List": () => ({ Volumes: [...volumes.keys()].map(known) }),
    "/VolumeDriver.Path": ({ Name }) => ({ Mountpoint: known(Name).Mountpoint }),
    "/VolumeDriver.Mount": async ({ Name, ID }) => {
      if (fault === "slow-mount") await Bun.sleep(60_000);
      mounts.add(`${Name} ${ID}`);
      return { Mountpoint: known(Name).Mountpoint };
    },
    "/VolumeDriver.Unmount": ({ Name, ID }) => {
      if (!mounts.delete(`${Name} ${ID}`)) throw new Error(`${Name} is not mounted by ${ID}`);
      return {};
    },
    "/VolumeDriver.Remove": ({ Name }) => {
      rmSync(known(Name).Mountpoint, { recursive: true });
      volumes.delete(Name);
      return {};
    },
  };
  Bun.serve({
    unix: socket,
    async fetch(request) {
      const { pathname } = new URL(request.url, "http://plugin");
      const body = await request.text();
      const asked = (body.trim() === "" ? {} : JSON.parse(body)) as Request;
      appendFileSync(join(directory, "calls"), `${pathname.slice(1)} ${asked.Name ?? ""}\n`);
      try {
        const answer = await calls[pathname]?.({
          Name: "",
          ID: "",
          ...asked,
          Opts: asked.Opts ?? {},
        });
        return answer === undefined
          ? Response.json({ Err: `unknown call ${pathname}` }, { status: 404 })
          : Response.json({ ...answer, Err: "" });
      } catch (error) {
        const Err = error instanceof Error ? error.message : String(error);
        return Response.json({ Err }, { status: 500 });
      }
    },
  });
}

if (import.meta.main) {
  const [socket = "", directory = "", fault = ""] = process.argv.slice(2);
  mkdirSync(directory, { recursive: true });
  serve(socket, directory, fault);
}
