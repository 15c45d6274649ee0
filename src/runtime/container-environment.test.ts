import { expect, test } from "bun:test";
import { createEnvironment, mergeEnvironment } from "./container-environment.ts";

test("mergeEnvironment() changes in place, appends, and takes away", () => {
  expect(mergeEnvironment(["A=1", "B=2", "C=3"], ["B=x=y", "D=4", "C"])).toEqual([
    "A=1",
    "B=x=y",
    "D=4",
  ]);
});

test("createEnvironment() is Docker's", () => {
  const config = { Hostname: "h", Domainname: "d", Env: ["PATH=/mine", "X=1"] };
  expect(createEnvironment({ config, tty: true, home: "/root", linkEnv: ["L=1"] })).toEqual([
    "PATH=/mine",
    "HOSTNAME=h.d",
    "TERM=xterm",
    "L=1",
    "X=1",
    "HOME=/root",
  ]);
  const own = { Hostname: "h", Domainname: "", Env: ["HOME=/x"] };
  expect(
    createEnvironment({ config: own, tty: false, home: "/root", extra: ["HOSTNAME"] }),
  ).toEqual(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/x"]);
});
