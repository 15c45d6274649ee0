import { describe, expect, test } from "bun:test";
import { parseChallenges } from "./www-authenticate.ts";

describe("parseChallenges()", () => {
  test("reads a bearer challenge with quoted parameters that hold commas", () => {
    expect(
      parseChallenges(
        'Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"',
      ),
    ).toEqual([
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.example/token",
          service: "reg",
          scope: "repository:a/b:pull,push",
        },
      },
    ]);
  });

  test("reads several challenges out of one joined value", () => {
    expect(
      parseChallenges('Basic realm="a \\"b\\"", Negotiate, Bearer Realm = c , error=x'),
    ).toEqual([
      { scheme: "basic", parameters: { realm: 'a "b"' } },
      { scheme: "negotiate", parameters: {} },
      { scheme: "bearer", parameters: { realm: "c", error: "x" } },
    ]);
  });

  for (const broken of ["", ",,", '"', 'Bearer realm="open', "=x", "Bearer realm="]) {
    test(`survives ${JSON.stringify(broken)}`, () => {
      for (const challenge of parseChallenges(broken)) expect(challenge.parameters).toEqual({});
    });
  }
});
