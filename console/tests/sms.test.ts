import assert from "node:assert/strict";
import { test } from "node:test";
import { excess, smsSize } from "../src/lib/sms.ts";

const cases: [string, string, number, number][] = [
  // text, encoding, segments, parts
  ["", "GSM-7", 0, 0],
  ["a".repeat(160), "GSM-7", 1, 1],
  ["a".repeat(161), "GSM-7", 2, 1],
  ["a".repeat(306), "GSM-7", 2, 1],
  ["a".repeat(307), "GSM-7", 3, 1],
  ["€".repeat(80), "GSM-7", 1, 1],
  ["€".repeat(81), "GSM-7", 2, 1],
  // 152 characters and an extended one, which does not fit into the rest of a segment of 153.
  [`${"a".repeat(152)}€${"a".repeat(152)}`, "GSM-7", 3, 1],
  ["¿Dónde está?", "UCS-2", 1, 1],
  ["ñäöü à é", "GSM-7", 1, 1],
  ["я".repeat(70), "UCS-2", 1, 1],
  ["я".repeat(71), "UCS-2", 2, 1],
  ["я".repeat(135), "UCS-2", 3, 1],
  // A character of two units is not cut in two: 33 of them in a segment of 67.
  ["😀".repeat(35), "UCS-2", 1, 1],
  ["😀".repeat(67), "UCS-2", 3, 1],
  ["a".repeat(1600), "GSM-7", 11, 1],
  ["a".repeat(1601), "GSM-7", 11, 2],
];

for (const [text, encoding, segments, parts] of cases)
  test(`smsSize of ${[...text].length} characters like ${JSON.stringify(text.slice(0, 12))}`, () => {
    const { encoding: foundEncoding, segments: foundSegments, parts: foundParts } = smsSize(text);
    assert.deepEqual([foundEncoding, foundSegments, foundParts], [encoding, segments, parts]);
  });

test("smsSize counts characters as people do, not units", () => assert.equal(smsSize("😀😀").characters, 2));

test("excess is nothing for what the desk takes", () => assert.equal(excess("a".repeat(5000)), 0));
test("excess counts characters over the limit", () => assert.equal(excess("a".repeat(5003)), 3));
test("excess counts what is over in bytes, in characters", () => assert.equal(excess("我".repeat(3500)), 167));
