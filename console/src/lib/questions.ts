/** Questions to a person: how one is written down in the form, and what is wrong with it. */
import type { Question } from "./schema.ts";

export const LONGEST_QUESTION = 640;
export const LONGEST_CHOICE = 60;
export const MOST_CHOICES = 9;
const LONGEST_VALUE = 40;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Seconds that an answer may take, as the form offers them. */
export const DEADLINES = [15 * MINUTE, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY] as const;
/** Seconds after which the person is reminded; those beyond the deadline are not offered. */
export const REMINDERS = [5 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY] as const;

export interface Choice {
  /** Kept for presets; of a choice that somebody wrote, its value is made of its words. */
  value?: string;
  text: string;
}

export type Channel = "sms" | "whatsapp";

/** A form's content. */
export interface QuestionDraft {
  number: string;
  channel: Channel;
  text: string;
  language: string;
  choices: Choice[];
  answerWithin: number;
  /** Seconds, or 0 for no reminder. */
  remindAfter: number;
}

export interface QuestionRequest {
  address: string;
  text: string;
  choices?: { value: string; text: string }[];
  answerWithinSeconds: number;
  remindAfterSeconds?: number;
  language?: string;
  askedBy?: string;
}

export const emptyQuestion = (language: string, address = ""): QuestionDraft => ({
  ...splitAddress(address),
  text: "",
  language,
  choices: [],
  answerWithin: DAY,
  remindAfter: 0,
});

/** The form for asking the same once more. */
export const askAgain = (question: Question): QuestionDraft => ({
  ...emptyQuestion(question.language, question.address),
  text: question.text,
  choices: question.choices.map(({ value, text }) => ({ value, text })),
});

export function splitAddress(address: string): { number: string; channel: Channel } {
  const [channel, number = ""] = address.includes(":") ? address.split(":") : ["sms", address];
  return { number, channel: channel === "whatsapp" ? "whatsapp" : "sms" };
}

/** A number without what people put between digits. */
export const plainNumber = (number: string): string => number.replace(/[\s().\u2010-\u2015-]/gu, "");

export const addressOf = ({ number, channel }: QuestionDraft): string => `${channel}:${plainNumber(number)}`;

/** Without capitals and accents, as answers are read. */
const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** A choice's value made of its words: letters, digits and hyphens; its number where the words have none of them. */
function slug(text: string, number: number): string {
  const found = folded(text)
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_VALUE - 2)
    .replace(/^-+|-+$/g, "");
  return found || `choice-${number}`;
}

/** The choices with their values, each of which is there once. */
export function valued(choices: readonly Choice[]): { value: string; text: string }[] {
  const taken = new Set<string>();
  return choices.map(({ value, text }, at) => {
    const words = text.trim();
    let own = value ?? slug(words, at + 1);
    if (taken.has(own)) own = `${own.slice(0, LONGEST_VALUE - 2)}-${at + 1}`;
    taken.add(own);
    return { value: own, text: words };
  });
}

export function questionRequest(draft: QuestionDraft, askedBy: string): QuestionRequest {
  const { text, language, choices, answerWithin, remindAfter } = draft;
  const by = askedBy.trim().slice(0, 60);
  return {
    address: addressOf(draft),
    text: text.trim(),
    ...(choices.length ? { choices: valued(choices) } : {}),
    answerWithinSeconds: answerWithin,
    ...(remindAfter ? { remindAfterSeconds: remindAfter } : {}),
    ...(language ? { language } : {}),
    ...(by ? { askedBy: by } : {}),
  };
}

export type QuestionField = "number" | "text" | "remindAfter" | `choice-${number}`;
export interface QuestionFault {
  field: QuestionField;
  code: "required" | "number" | "ours" | "optedOut" | "tooLong" | "choiceEmpty" | "choiceTwice" | "remindLate";
  values?: Record<string, string | number>;
}

const lengthOf = (text: string): number => [...text.trim()].length;

interface Desk {
  /** The desk's own number. */
  number: string;
  /** Whether the person behind an address is known to have opted out. */
  optedOut: (address: string) => boolean;
}

function numberFault(draft: QuestionDraft, desk: Desk): QuestionFault["code"] | undefined {
  const number = plainNumber(draft.number);
  if (!number) return "required";
  if (!/^\+[1-9]\d{6,14}$/.test(number)) return "number";
  if (number === desk.number) return "ours";
  return desk.optedOut(addressOf(draft)) ? "optedOut" : undefined;
}

/** What is wrong with a question, at most one thing a field, in the form's order. */
export function questionFaults(draft: QuestionDraft, desk: Desk): QuestionFault[] {
  const faults: QuestionFault[] = [];
  const code = numberFault(draft, desk);
  if (code) faults.push({ field: "number", code });
  if (!draft.text.trim()) faults.push({ field: "text", code: "required" });
  else if (lengthOf(draft.text) > LONGEST_QUESTION)
    faults.push({ field: "text", code: "tooLong", values: { max: LONGEST_QUESTION } });
  faults.push(...choiceFaults(draft.choices));
  if (draft.remindAfter >= draft.answerWithin) faults.push({ field: "remindAfter", code: "remindLate" });
  return faults;
}

function choiceFaults(choices: readonly Choice[]): QuestionFault[] {
  const known = new Set<string>();
  return choices.flatMap(({ text }, at): QuestionFault[] => {
    const field = `choice-${at}` as const;
    const words = folded(text.trim());
    if (!words) return [{ field, code: "choiceEmpty" }];
    if (lengthOf(text) > LONGEST_CHOICE) return [{ field, code: "tooLong", values: { max: LONGEST_CHOICE } }];
    if (known.has(words)) return [{ field, code: "choiceTwice" }];
    known.add(words);
    return [];
  });
}

/** The words as they go out, before any translation. The code is made from the question's id, so that its place is held. */
export function sentWords({ text, choices }: Pick<QuestionDraft, "text" | "choices">, code = "B2C"): string {
  const numbered = choices.map((choice, at) => `${at + 1}. ${choice.text.trim()}`).join("\n");
  return [text.trim(), numbered, `(#${code})`].filter(Boolean).join("\n\n");
}

export type Filter = "all" | "open" | "answered" | "unanswered";

export const isOpen = ({ status }: Pick<Question, "status">): boolean => status === "open";

/** The questions of a filter: the open ones first, the one that ends soonest at the top; then the others, the newest first. */
export function arranged(questions: readonly Question[], filter: Filter): Question[] {
  const kinds: Record<Filter, (status: string) => boolean> = {
    all: () => true,
    open: (status) => status === "open",
    answered: (status) => status === "answered",
    unanswered: (status) => status !== "open" && status !== "answered",
  };
  return questions
    .filter(({ status }) => kinds[filter](status))
    .sort((a, b) => {
      if (isOpen(a) !== isOpen(b)) return isOpen(a) ? -1 : 1;
      if (isOpen(a)) return a.deadlineAt < b.deadlineAt ? -1 : 1;
      return a.askedAt < b.askedAt ? 1 : -1;
    });
}

/** A question is never open again: an older answer that says so is no news. */
export function newer(known: Question | undefined, fresh: Question): Question {
  return known && !isOpen(known) && isOpen(fresh) ? known : fresh;
}
