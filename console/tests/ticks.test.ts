import assert from "node:assert/strict";
import { test } from "node:test";
import { fate } from "../src/lib/ticks.ts";

test("fate without any word is pending", () => assert.equal(fate(undefined, {}).tick, "pending"));
test("fate of what the provider took is sent", () => assert.equal(fate({ state: "sent" }, {}).tick, "sent"));
test("fate of all parts delivered is delivered", () =>
  assert.deepEqual(fate({ state: "sent" }, { "0": { status: "delivered" }, "1": { status: "read" } }), {
    tick: "delivered",
    parts: 2,
    retry: false,
  }));
test("fate waits for the part that has come least far", () => {
  const parts = [
    { part: "0", state: "sent" },
    { part: "1", state: "sent" },
  ];
  assert.equal(fate({ state: "sent", parts }, { "0": { status: "delivered" } }).tick, "sent");
});
test("fate of one failed part is failed, with its reason and whether to try again", () =>
  assert.deepEqual(
    fate(
      { state: "sent" },
      { "0": { status: "delivered" }, "1": { status: "undelivered", reason: "Out of reach", retry: true } },
    ),
    {
      tick: "failed",
      parts: 2,
      reason: "Out of reach",
      retry: true,
    },
  ));
test("fate of a reply that was refused is failed", () =>
  assert.deepEqual(fate({ state: "failed", reason: "Too long" }, {}), {
    tick: "failed",
    parts: 1,
    reason: "Too long",
    retry: false,
  }));
test("fate of an empty reason has none", () =>
  assert.equal("reason" in fate({ state: "sent" }, { "0": { status: "failed", reason: "" } }), false));
test("fate of what was not sent on purpose says why", () =>
  assert.deepEqual(fate({ state: "suppressed", reason: "Opted out" }, {}), {
    tick: "suppressed",
    parts: 1,
    reason: "Opted out",
    retry: false,
  }));
test("fate of an unknown outcome is unknown until a receipt comes", () => {
  assert.equal(fate({ state: "unknown" }, {}).tick, "unknown");
  assert.equal(fate({ state: "unknown" }, { "0": { status: "delivered" } }).tick, "delivered");
});
test("fate of a line to a room is none", () => assert.equal(fate({ state: "none" }, {}).tick, "none"));
