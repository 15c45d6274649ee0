import { describe, expect, test } from "bun:test";
import { applyChanges } from "./change-instructions.ts";

describe("applyChanges()", () => {
  test("knows every instruction that a change may hold", () => {
    const config = applyChanges({ Env: ["HOME=/root"], Cmd: ["old"], WorkingDir: "/srv" }, [
      'ENV A=1 B="two words" C=$HOME/x D=$\x7bNO:-else}',
      "ENV OLD some value",
      'LABEL a.b=c "d e"=f',
      "EXPOSE 80 8000-8001/udp",
      "USER me:us",
      "VOLUME /a /b",
      'VOLUME ["/c d"]',
      "WORKDIR sub",
      "STOPSIGNAL SIGINT",
      "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x",
      "ONBUILD RUN make",
      'ENTRYPOINT ["/bin/app"]',
      "CMD serve $HOME",
    ]);
    expect(config).toEqual({
      Env: ["HOME=/root", "A=1", "B=two words", "C=/root/x", "D=else", "OLD=some value"],
      Labels: { "a.b": "c", "d e": "f" },
      ExposedPorts: { "80/tcp": {}, "8000/udp": {}, "8001/udp": {} },
      User: "me:us",
      Volumes: { "/a": {}, "/b": {}, "/c d": {} },
      WorkingDir: "/srv/sub",
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD-SHELL", "curl x"], Interval: 90_000_000_000, Retries: 2 },
      OnBuild: ["RUN make"],
      Entrypoint: ["/bin/app"],
      Cmd: ["/bin/sh", "-c", "serve $HOME"],
    });
  });

  test("an entry point takes the old command away, not one of the same changes", () => {
    expect(applyChanges({ Cmd: ["old"] }, ['ENTRYPOINT ["e"]']).Cmd).toBeNull();
    expect(applyChanges({ Cmd: ["old"] }, ["CMD a", 'ENTRYPOINT ["e"]']).Cmd).toEqual([
      "/bin/sh",
      "-c",
      "a",
    ]);
  });

  test("does not touch the configuration that it is given", () => {
    const before = { Env: ["A=1"] };
    applyChanges(before, ["ENV A=2"]);
    expect(before).toEqual({ Env: ["A=1"] });
  });

  const refused: [string, string][] = [
    ["RUN make", "run is not a valid change command"],
    ["constructor x", "constructor is not a valid change command"],
    ["EXPOSE 70000", "Invalid containerPort: 70000"],
    ["EXPOSE 80/http", "Invalid containerPort: 80/http"],
    ["ENV A=1 B", "can't find = in"],
    ["USER", "USER requires exactly one argument"],
    ["ONBUILD ONBUILD RUN x", "Chaining ONBUILD"],
    ["HEALTHCHECK RUN x", "Unknown type"],
    ["HEALTHCHECK --interval=1ns CMD x", "cannot be less than 1ms"],
  ];
  for (const [change, message] of refused) {
    test(`refuses ${change}`, () => expect(() => applyChanges({}, [change])).toThrow(message));
  }
});
