import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../src/lib/backoff.ts";
import { quantile, summarise, tally, utcDays, within } from "../src/lib/day.ts";
import { addDays, bytes, contact, duration, isDay, languageName, phone, shortTime } from "../src/lib/format.ts";
import { pieces } from "../src/lib/links.ts";
import { type Report, parseFrame, Message, sound } from "../src/lib/schema.ts";
import { mediaType } from "../src/lib/uploads.ts";

test("backoff doubles to half a minute, and waits a quarter of it at least", () => {
  assert.deepEqual(
    [0, 1, 2, 5, 50].map((attempt) => backoff(attempt, () => 1)),
    [2_000, 4_000, 8_000, 30_000, 30_000],
  );
  assert.equal(
    backoff(3, () => 0),
    4_000,
  );
});

test("pieces finds web addresses and leaves the full stop after them alone", () =>
  assert.deepEqual(pieces("See https://example.org/a?b=1. Or not"), [
    { text: "See " },
    { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1" },
    { text: ". Or not" },
  ]));

for (const text of [
  "javascript:alert(1)",
  "data:text/html,x",
  "<script>alert(1)</script>",
  "https://user:secret@example.org",
  "ftp://example.org",
  "https://",
])
  test(`pieces makes no address of ${text}`, () =>
    assert.deepEqual(
      pieces(text).filter(({ href }) => href),
      [],
    ));

test("pieces loses nothing", () => {
  const text = "a http://x.example/ü, (https://y.example) <b>z</b>\n\u0000 end";
  assert.equal(
    pieces(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
});

const FRAME = {
  type: "message",
  id: "2026-11-21T10:49:17.000Z~SM1",
  messageId: "SM1",
  conversationId: "c1",
  direction: "inbound",
  channel: "sms",
  createdAt: "2026-11-21T10:49:17.000Z",
  contact: "sms:+1",
  text: "Hola",
  language: "es",
  translation: { language: "en", status: "translated", text: "Hello" },
  pictures: [],
  reply: { state: "pending" },
  deliveries: {},
};

test("parseFrame takes a message and drops what it does not know", () => {
  const frame = parseFrame(JSON.stringify({ ...FRAME, news: 1 }));
  assert.equal(frame?.type, "message");
  assert.equal(frame && "news" in frame, false);
});

for (const [name, data] of [
  ["no text", new Uint8Array(2)],
  ["no JSON", "{"],
  ["no type", "{}"],
  ["an unknown type", '{"type":"else"}'],
  ["API Gateway's own error", '{"message":"Internal server error","connectionId":"x","requestId":"y"}'],
  ["a message without its id", JSON.stringify({ ...FRAME, messageId: undefined })],
  ["a message whose text is no text", JSON.stringify({ ...FRAME, text: { html: "<b>" } })],
] as const)
  test(`parseFrame refuses ${name}`, () => assert.equal(parseFrame(data), undefined));

test("parseFrame takes the part of a status as text or number", () => {
  const status = { type: "status", conversationId: "c1", messageId: "SM1", part: 0, status: "sent", at: "x" };
  const frame = parseFrame(JSON.stringify(status));
  assert.equal(frame?.type === "status" && frame.part, "0");
});

test("sound leaves out what is broken, and keeps the rest", () => {
  assert.deepEqual(
    sound(Message, [FRAME, { ...FRAME, id: 1 }, null]).map(({ messageId }) => messageId),
    ["SM1"],
  );
});

test("contact splits an address", () => {
  assert.deepEqual(contact("sms:+12025550100"), { channel: "SMS", name: "+1 202 555 0100" });
  assert.deepEqual(contact("whatsapp:+34600123456"), { channel: "WhatsApp", name: "+34600123456" });
  assert.equal(phone("SHORT"), "SHORT");
});

test("languageName is in the reader's language", () => {
  assert.equal(languageName("es", "en"), "Spanish");
  assert.equal(languageName("es", "pt"), "espanhol");
  assert.equal(languageName("und", "en"), "");
  assert.equal(languageName("not a code", "en"), "not a code");
});

test("days are counted over months and leap years", () => {
  assert.equal(addDays("2026-11-30", 1), "2026-12-01");
  assert.equal(addDays("2028-03-01", -1), "2028-02-29");
  assert.equal(isDay("2026-02-30"), false);
  assert.equal(isDay("2026-02-28"), true);
  assert.equal(isDay("today"), false);
});

test("durations and sizes are short", () => {
  assert.equal(duration(240, "en"), "240 ms");
  assert.equal(duration(1_540, "en"), "1.5 s");
  assert.equal(duration(125_000, "en"), "2 min 5 s");
  assert.equal(bytes(182_000, "en"), "182 KB");
  assert.equal(bytes(15_728_640, "en"), "15.7 MB");
});

test("shortTime is a time today and a date before", () => {
  const now = new Date("2026-11-21T15:00:00");
  assert.match(shortTime("2026-11-21T09:05:00", "en-GB", now), /^09:05$/);
  assert.equal(shortTime("2026-11-20T09:05:00", "en-GB", now), "20 Nov");
});

test("a day where the reader is touches one or two days of UTC, and holds its own moments only", () => {
  const days = utcDays("2026-11-21");
  assert.ok(days.length <= 2 && days.includes("2026-11-21"));
  assert.equal(within("2026-11-21", new Date("2026-11-21T00:00:00").toISOString()), true);
  assert.equal(within("2026-11-21", new Date("2026-11-22T00:00:00").toISOString()), false);
});

test("quantile and tally", () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([], 0.5), undefined);
  assert.equal(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 0.95), 100);
  assert.deepEqual(tally(["b", "a", "b"]), [
    { key: "b", count: 2 },
    { key: "a", count: 1 },
  ]);
});

function report(some: Partial<Report["message"]>, more: Partial<Report> = {}): Report {
  const receivedAt = new Date("2026-11-21T09:30:00").toISOString();
  return {
    reportId: "SM1",
    conversationId: "c1",
    createdAt: new Date(Date.parse(receivedAt) + 1_500).toISOString(),
    message: {
      messageId: "SM1",
      channel: "sms",
      direction: "inbound",
      sender: "sms:+1",
      recipient: "",
      text: "x",
      media: [],
      segments: 1,
      receivedAt,
      ...some,
    },
    language: { code: "es" },
    translations: [],
    moreTranslations: {},
    pictures: [],
    timings: { receivedAt, composedAt: receivedAt, steps: [] },
    reply: { state: "sent" },
    deliveries: {},
    ...more,
  };
}

test("summarise counts people, languages, hours and failures, without the room's chat", () => {
  const failed = {
    translations: [{ language: "en", status: "failed", error: "X" }],
    deliveries: { "0": { status: "failed", reason: "Out of reach" } },
  };
  const day = summarise([
    report({}),
    report({}, failed),
    report({ direction: "outbound", sender: "console:1" }),
    report({ direction: "internal" }),
  ]);
  assert.deepEqual([day.messages, day.inbound, day.outbound, day.people], [3, 2, 1, 1]);
  assert.deepEqual(day.languages, [{ key: "es", count: 2 }]);
  assert.equal(day.hours.inbound[9], 2);
  assert.equal(day.hours.outbound[9], 1);
  assert.deepEqual(day.failures, [
    { key: "Out of reach", count: 1 },
    { key: "translation", count: 1 },
  ]);
  assert.equal(day.median, 1_500);
});

test("mediaType goes by what the browser says, and by the name where it says nothing", () => {
  assert.equal(mediaType({ name: "a.png", type: "image/png" }), "image/png");
  assert.equal(mediaType({ name: "a.HEIC", type: "" }), "image/heic");
  assert.equal(mediaType({ name: "a.png", type: "text/html" }), undefined);
  assert.equal(mediaType({ name: "a", type: "" }), undefined);
});
