import assert from "node:assert/strict";
import { test } from "node:test";
import { relative } from "../src/lib/format.ts";
import {
  arranged,
  askAgain,
  emptyQuestion,
  newer,
  plainNumber,
  type QuestionDraft,
  questionFaults,
  questionRequest,
  sentWords,
  splitAddress,
  valued,
} from "../src/lib/questions.ts";
import { parseFrame, type Question } from "../src/lib/schema.ts";
import { smsSize } from "../src/lib/sms.ts";
import { subscriptionFault, subscriptionRequest } from "../src/lib/subscriptions.ts";

const DESK = { number: "+12025550199", optedOut: (address: string) => address === "sms:+12025550101" };

const draft: QuestionDraft = {
  ...emptyQuestion("en", "whatsapp:+12025550100"),
  text: " Shall we come? ",
  choices: [{ value: "yes", text: "Yes" }, { text: "Not today" }],
};

const QUESTION: Question = {
  questionId: "q1",
  status: "open",
  address: "sms:+12025550100",
  text: "Shall we come?",
  language: "en",
  choices: [{ value: "yes", text: "Yes" }],
  code: "K7F",
  askedAt: "2026-11-28T10:00:00.000Z",
  deadlineAt: "2026-11-29T10:00:00.000Z",
  askedBy: "Maria",
};

test("a draft becomes the request, with values made of the words that have none", () =>
  assert.deepEqual(questionRequest({ ...draft, remindAfter: 3_600 }, " Maria "), {
    address: "whatsapp:+12025550100",
    text: "Shall we come?",
    choices: [
      { value: "yes", text: "Yes" },
      { value: "not-today", text: "Not today" },
    ],
    answerWithinSeconds: 86_400,
    remindAfterSeconds: 3_600,
    language: "en",
    askedBy: "Maria",
  }));

test("a question without choices, reminder and name asks for nothing of them", () => {
  const request = questionRequest({ ...draft, choices: [] }, "");
  assert.deepEqual(Object.keys(request), ["address", "text", "answerWithinSeconds", "language"]);
});

test("every value is letters, digits and hyphens, at most 40, and there once", () => {
  const texts = ["Sí, mañana", "si manana", "!", "?", "x".repeat(60), `${"x".repeat(59)}y`, "القدس"];
  const values = valued(texts.map((text) => ({ text }))).map(({ value }) => value);
  assert.deepEqual(values.slice(0, 4), ["si-manana", "si-manana-2", "choice-3", "choice-4"]);
  assert.equal(new Set(values).size, texts.length);
  for (const value of values) assert.match(value, /^[A-Za-z0-9_.-]{1,40}$/);
});

const faultCases: [string, Partial<QuestionDraft>, string[]][] = [
  ["nothing amiss", {}, []],
  ["no number", { number: " " }, ["number required"]],
  ["a number as people write it", { number: "+1 (202) 555‑0100" }, []],
  ["a number without its country", { number: "2025550100" }, ["number number"]],
  ["the desk's own number", { number: DESK.number }, ["number ours"]],
  ["somebody who opted out", { number: "+12025550101", channel: "sms" }, ["number optedOut"]],
  ["somebody who opted out of another channel", { number: "+12025550101" }, []],
  ["no words", { text: " " }, ["text required"]],
  ["too many words", { text: "x".repeat(641) }, ["text tooLong"]],
  ["640 characters outside of the basic plane", { text: "😀".repeat(640) }, []],
  ["an empty choice", { choices: [{ text: "Yes" }, { text: " " }] }, ["choice-1 choiceEmpty"]],
  ["a choice twice but for accents", { choices: [{ text: "Sí" }, { text: "si " }] }, ["choice-1 choiceTwice"]],
  ["a long choice", { choices: [{ text: "x".repeat(61) }] }, ["choice-0 tooLong"]],
  ["a reminder at the deadline", { answerWithin: 3_600, remindAfter: 3_600 }, ["remindAfter remindLate"]],
];
for (const [what, some, faults] of faultCases)
  test(`questionFaults finds ${what}`, () =>
    assert.deepEqual(
      questionFaults({ ...draft, ...some }, DESK).map(({ field, code }) => `${field} ${code}`),
      faults,
    ));

test("the words as they go out hold choices and code, and are counted with them", () => {
  assert.equal(sentWords(draft, "K7F"), "Shall we come?\n\n1. Yes\n2. Not today\n\n(#K7F)");
  assert.equal(sentWords({ ...draft, choices: [] }), "Shall we come?\n\n(#B2C)");
  assert.equal(smsSize(sentWords({ text: "x".repeat(160), choices: [] })).segments, 2);
});

test("addresses are taken apart and numbers cleaned", () => {
  assert.deepEqual(splitAddress("whatsapp:+442079460000"), { number: "+442079460000", channel: "whatsapp" });
  assert.deepEqual(splitAddress("+442079460000"), { number: "+442079460000", channel: "sms" });
  assert.equal(plainNumber(" +1 (202) 555-01.00 "), "+12025550100");
});

test("asking again keeps words and choices, and begins with the usual times", () => {
  const again = askAgain(QUESTION);
  assert.deepEqual([again.text, again.choices, again.number], [QUESTION.text, QUESTION.choices, "+12025550100"]);
  assert.equal(again.answerWithin, 86_400);
});

test("open questions come first, the one that ends soonest at the top; then the newest", () => {
  const of = (questionId: string, some: Partial<Question>) => ({ ...QUESTION, questionId, ...some });
  const all = [
    of("old", { status: "answered", askedAt: "2026-11-20T10:00:00.000Z" }),
    of("later", { deadlineAt: "2026-11-30T10:00:00.000Z" }),
    of("new", { status: "expired", askedAt: "2026-11-27T10:00:00.000Z" }),
    of("soon", {}),
    of("unreached", { status: "undelivered", askedAt: "2026-11-26T10:00:00.000Z" }),
  ];
  const ids = (filter: Parameters<typeof arranged>[1]) => arranged(all, filter).map(({ questionId }) => questionId);
  assert.deepEqual(ids("all"), ["soon", "later", "new", "unreached", "old"]);
  assert.deepEqual(ids("open"), ["soon", "later"]);
  assert.deepEqual(ids("answered"), ["old"]);
  assert.deepEqual(ids("unanswered"), ["new", "unreached"]);
});

test("a question that is closed is never open again", () => {
  const closed = { ...QUESTION, status: "answered" };
  assert.equal(newer(closed, QUESTION).status, "answered");
  assert.equal(newer(QUESTION, closed).status, "answered");
  assert.equal(newer(undefined, QUESTION).status, "open");
});

test("a frame about a question is understood, and one of a message carries its question", () => {
  const frame = { type: "question", questionId: "q1", conversationId: "c1", status: "answered", code: "K7F", at: "x" };
  assert.equal(parseFrame(JSON.stringify(frame))?.type, "question");
  const asked = { state: "answered", questionId: "q1", code: "K7F", value: "leave", text: "Leave it" };
  const message = parseFrame(
    JSON.stringify({
      type: "message",
      id: "a~b",
      messageId: "b",
      conversationId: "c1",
      direction: "inbound",
      createdAt: "a",
      text: "2",
      question: asked,
    }),
  );
  assert.equal(message?.type === "message" && message.question?.text, "Leave it");
});

const NOW = Date.parse("2026-11-28T12:00:00.000Z");
const relativeCases: [string, string][] = [
  ["2026-11-28T12:00:00.100Z", "now"],
  ["2026-11-28T12:00:45.000Z", "in 45 seconds"],
  ["2026-11-28T11:00:00.000Z", "60 minutes ago"],
  ["2026-11-28T15:20:00.000Z", "in 3 hours"],
  ["2026-11-27T08:00:00.000Z", "1 day ago"],
  ["2026-12-05T12:00:00.000Z", "in 7 days"],
];
for (const [moment, words] of relativeCases)
  test(`relative says ${words}`, () => assert.equal(relative(moment, "en", NOW), words));

const subscriptionCases: [Parameters<typeof subscriptionFault>, string | undefined][] = [
  [["email", "ana@example.org"], undefined],
  [["email", " "], "required"],
  [["email", "ana@example"], "email"],
  [["email", "ana example@example.org"], "email"],
  [["email", "sms:+12025550100"], "email"],
  [["sms", "+1 202 555 0100"], undefined],
  [["sms", "ana@example.org"], "number"],
];
for (const [given, fault] of subscriptionCases)
  test(`subscriptionFault of ${given.join(" ")} is ${fault}`, () => assert.equal(subscriptionFault(...given), fault));

test("a subscription by text message has its language, one by e-mail has none", () => {
  assert.deepEqual(subscriptionRequest("sms", "+1 202 555 0100", "es", " Ana "), {
    kind: "sms",
    address: "sms:+12025550100",
    language: "es",
    name: "Ana",
  });
  assert.deepEqual(subscriptionRequest("email", " ana@example.org ", "es", " "), {
    kind: "email",
    address: "ana@example.org",
    language: "es",
  });
});
