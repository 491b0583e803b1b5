import { assertEquals } from "@std/assert";
import type { Trouble } from "../../chaos/store_power.ts";
import { Troubles } from "../../chaos/troubles.ts";

Deno.test("of troubles that overlap the last one is in force, and then the one before", () => {
  const troubles = new Troubles();
  const [long, short]: Trouble[] = [{ kind: "deaf" }, { kind: "loss", of: "both" }];
  troubles.begin(0, long!);
  troubles.begin(0, short!);
  assertEquals([troubles.of(0), troubles.of(1)], [short, undefined]);
  troubles.end(0, short!);
  assertEquals(troubles.of(0), long);
  troubles.end(0, long!);
  assertEquals(troubles.of(0), undefined);
});

Deno.test("a trouble that ends does not end another one of its kind", () => {
  const troubles = new Troubles();
  const [first, second]: Trouble[] = [{ kind: "deaf" }, { kind: "deaf" }];
  troubles.begin(0, first!);
  troubles.begin(0, second!);
  troubles.end(0, first!);
  assertEquals(troubles.of(0) === second, true);
});
