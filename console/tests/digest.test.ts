import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { counted, feelings, priced } from "../src/lib/digest.ts";
import { money, price, spelled } from "../src/lib/format.ts";
import { Digest } from "../src/lib/schema.ts";
import { mailLanguage } from "../src/lib/subscriptions.ts";

test("counts come largest first, without what was never met, twelve at the most", () => {
  assert.deepEqual(
    counted([
      { name: "b", count: 1 },
      { name: "a", count: 1 },
      { name: "c", count: 4 },
      { name: "d", count: 0 },
    ]).map(({ key }) => key),
    ["c", "a", "b"],
  );
  assert.equal(counted(Array.from({ length: 50 }, (_, at) => ({ name: `${at}`, count: 1 }))).length, 12);
});

test("feelings go from well to badly", () =>
  assert.deepEqual(feelings({ positive: 1, negative: 5, neutral: 3, mixed: 0 }), [
    { key: "positive", count: 1 },
    { key: "neutral", count: 3 },
    { key: "negative", count: 5 },
  ]));

test("the dearest comes first, and what was not used not at all", () => {
  const item = (name: string, quantity: number, amount: number) => ({ name, quantity, unit: "call", price: 1, amount });
  assert.deepEqual(
    priced([item("a", 1, 0.1), item("b", 2, 3), item("c", 0, 0)]).map(({ name }) => name),
    ["b", "a"],
  );
});

const spelledCases: [number, string, string][] = [
  [0, "en", "0 seconds"],
  [42.4, "en", "42 seconds"],
  [437.5, "en", "7 minutes, 18 seconds"],
  [3_600, "en", "1 hour"],
  [3_661, "en", "1 hour, 1 minute"],
  [86_405, "en", "1 day"],
  [7_260, "es", "2 horas y 1 minuto"],
  [2_592_000, "pt", "30 dias"],
];
for (const [seconds, reader, words] of spelledCases)
  test(`${seconds} seconds are spelled ${words}`, () => assert.equal(spelled(seconds, reader), words));

test("money shows small amounts, and prices go far below a cent", () => {
  assert.equal(money(26.482, "USD", "en"), "$26.48");
  assert.equal(money(0.0108, "USD", "en"), "$0.0108");
  assert.equal(money(0.0000021, "USD", "en"), "$0.000002");
  assert.equal(money(0, "USD", "en"), "$0.00");
  assert.equal(price(0.000015, "USD", "en"), "$0.000015");
  assert.equal(price(0.000000625, "USD", "en"), "$0.000000625");
});

test("a digest that lacks what an older one lacks is still one", () => {
  const parsed = v.parse(Digest, { day: "2026-11-27", messages: { inbound: 3, outbound: 1, internal: 0 }, extra: 1 });
  assert.deepEqual([parsed.answers.medianSeconds, parsed.byHour, parsed.cost.total], [null, [], 0]);
});

const mailCases: [string | undefined, string[], string][] = [
  ["es", ["en"], "es"],
  ["pt-BR", ["en"], "pt"],
  ["fr", ["pt", "en"], "pt"],
  [undefined, ["es-MX", "en"], "es"],
  ["fr", ["de"], "en"],
  ["", [], "en"],
];
for (const [wanted, desk, language] of mailCases)
  test(`a mail to a reader of ${wanted || "nothing"} at a desk of ${desk.join(", ")} is in ${language}`, () =>
    assert.equal(mailLanguage(wanted, desk, ["en", "es", "pt"]), language));
