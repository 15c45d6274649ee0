import { describe, expect, test } from "bun:test";
import { Turns } from "./turns.ts";

describe("Turns", () => {
  test("so many work at once, in the order of asking", async () => {
    const turns = new Turns(2);
    const order: number[] = [];
    const ends = await Promise.all([turns.take(), turns.take()]);
    const rest = [1, 2, 3].map(async (number) => {
      const end = await turns.take();
      order.push(number);
      return end;
    });
    await Bun.sleep(5);
    expect(order).toEqual([]);
    ends[0]();
    ends[0]();
    await rest[0];
    await Bun.sleep(5);
    expect(order).toEqual([1]);
    ends[1]();
    (await rest[0])?.();
    await Promise.all(rest);
    expect(order).toEqual([1, 2, 3]);
  });

  test("a turn ends by itself", async () => {
    const turns = new Turns(1, 20);
    await turns.take();
    const end = await turns.take();
    end();
    (await turns.take())();
  });
});
