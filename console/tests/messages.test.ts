import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorOf, later } from "../src/lib/cursor.ts";
import {
  merge,
  moveOn,
  newest,
  newMessageId,
  stillPending,
  withStatus,
  withTranslations,
} from "../src/lib/messages.ts";
import type { Message } from "../src/lib/schema.ts";

const at = (second: number): string => `2026-11-21T10:49:${String(second).padStart(2, "0")}.000Z`;

function message(messageId: string, second: number, some: Partial<Message> = {}): Message {
  return {
    id: cursorOf(at(second), messageId),
    messageId,
    conversationId: "c1",
    direction: "inbound",
    channel: "sms",
    createdAt: at(second),
    contact: "sms:+12025550100",
    text: messageId,
    language: "es",
    translation: { language: "en", status: "translated", text: "T" },
    pictures: [],
    deliveries: {},
    ...some,
  };
}

const ids = (messages: readonly Message[]) => messages.map(({ messageId }) => messageId);

test("merge puts messages in the order of time, whichever way they came", () =>
  assert.deepEqual(ids(merge([message("b", 2), message("d", 4)], [message("c", 3), message("a", 1)])), [
    "a",
    "b",
    "c",
    "d",
  ]));

test("merge keeps each message once, the later version", () => {
  const [only, ...others] = merge([message("a", 1, { text: "old" })], [message("a", 1, { text: "new" })]);
  assert.equal(only?.text, "new");
  assert.equal(others.length, 0);
});

test("merge never takes a delivery back", () => {
  const known = message("a", 1, { deliveries: { "0": { status: "delivered" }, "1": { status: "sent" } } });
  const fresh = message("a", 1, { deliveries: { "0": { status: "sent" }, "1": { status: "failed", reason: "x" } } });
  const [merged] = merge([known], [fresh]);
  assert.deepEqual(merged?.deliveries, { "0": { status: "delivered" }, "1": { status: "failed", reason: "x" } });
});

test("merge keeps a translation that the later version lacks, in the same language only", () => {
  const without = (language: string) => message("a", 1, { translation: { language, status: "failed" } });
  assert.equal(merge([message("a", 1)], [without("en")])[0]?.translation.text, "T");
  assert.equal(merge([message("a", 1)], [without("pt")])[0]?.translation.text, undefined);
});

test("merge keeps what became of a reply when an older answer comes later", () => {
  const sent = message("a", 1, { reply: { state: "sent", text: "Gracias" } });
  assert.equal(merge([sent], [message("a", 1, { reply: { state: "pending" } })])[0]?.reply?.text, "Gracias");
  assert.equal(merge([message("a", 1, { reply: { state: "pending" } })], [sent])[0]?.reply?.text, "Gracias");
});

test("merge tells messages of one millisecond apart by their ids", () =>
  assert.deepEqual(ids(merge([], [message("b", 1), message("a", 1)])), ["a", "b"]));

test("newest is the cursor of the last message, or none", () => {
  assert.equal(newest([message("b", 2), message("a", 1)]), cursorOf(at(2), "b"));
  assert.equal(newest([]), undefined);
  assert.equal(later(undefined, "x"), "x");
  assert.equal(later("b", "a"), "b");
});

test("moveOn goes forward only", () => {
  assert.equal(moveOn({ status: "sent" }, { status: "delivered" }).status, "delivered");
  assert.equal(moveOn({ status: "delivered" }, { status: "sent" }).status, "delivered");
  assert.equal(moveOn({ status: "delivered" }, { status: "read" }).status, "read");
  assert.equal(moveOn({ status: "failed" }, { status: "delivered" }).status, "failed");
  assert.equal(moveOn(undefined, { status: "sent" }).status, "sent");
});

test("withStatus changes the one message and part it names", () => {
  const frame = {
    type: "status",
    conversationId: "c1",
    messageId: "a",
    part: "0",
    status: "failed",
    reason: "No answer",
    retry: true,
  } as const;
  const [a, b] = withStatus([message("a", 1), message("b", 2)], frame);
  assert.deepEqual([a?.deliveries["0"]?.status, a?.deliveries["0"]?.retry], ["failed", true]);
  assert.deepEqual(b?.deliveries, {});
});

test("withTranslations puts late translations into their messages", () => {
  const late = message("a", 1, { translation: { language: "fr", status: "failed" } });
  const [a, b] = withTranslations([late, message("b", 2)], [{ messageId: "a", language: "fr", text: "Bonjour" }]);
  assert.deepEqual(a?.translation, { language: "fr", status: "translated", text: "Bonjour" });
  assert.equal(b?.translation.text, "T");
});

test("stillPending drops the lines that came back", () => {
  const line = { messageId: "a", conversationId: "c1", text: "x", writtenAt: at(1), state: "accepted" } as const;
  assert.deepEqual(
    stillPending([line, { ...line, messageId: "b" }], [message("a", 1)]).map(({ messageId }) => messageId),
    ["b"],
  );
});

test("newMessageId is DM and 32 hexadecimal digits, never twice", () => {
  assert.match(newMessageId(), /^DM[0-9a-f]{32}$/);
  assert.notEqual(newMessageId(), newMessageId());
});
