/** The questions put to people, as they were fetched and as frames moved them on. */
import { computed, signal } from "@preact/signals";
import { ApiError, getQuestion, listQuestions } from "./api.ts";
import { newer, type QuestionDraft } from "./lib/questions.ts";
import type { Question } from "./lib/schema.ts";

/** So many are fetched at first; older ones when they are asked for. */
const FIRST = 500;
/** A question that was just asked is arranged first: for so long it may be missing. */
const ARRANGING_MS = 30_000;
const EVERY_MS = 700;
const AMONG = 10;
/** How long after its deadline a question should be closed. */
const GRACE_MS = 3_000;

const known = signal<ReadonlyMap<string, Question>>(new Map());
export const questionListing = signal<{ state: "unread" | "loading" | "ready" | "failed"; error?: unknown }>({
  state: "unread",
});
export const olderQuestions = signal<string | undefined>(undefined);
/** A form's content to begin with, when something is to be asked again. */
export const again = signal<QuestionDraft | undefined>(undefined);

const asked = new Map<string, number>();
const refreshed = new Map<string, number>();

export const questions = computed((): Question[] => [...known.value.values()]);
export const questionOf = (questionId: string): Question | undefined => known.value.get(questionId);

function remember(found: readonly Question[]): void {
  const all = new Map(known.value);
  for (const question of found) all.set(question.questionId, newer(all.get(question.questionId), question));
  known.value = all;
}

export function forgetQuestions(): void {
  known.value = new Map();
  questionListing.value = { state: "unread" };
  olderQuestions.value = undefined;
  again.value = undefined;
  asked.clear();
  refreshed.clear();
}

let run = 0;

/** Fetches the list anew; what is there already stays. A later run makes an earlier one void. */
export async function loadQuestions(): Promise<void> {
  await load(undefined, FIRST);
}

export async function loadOlderQuestions(): Promise<void> {
  if (olderQuestions.value) await load(olderQuestions.value, 1);
}

async function load(from: string | undefined, least: number): Promise<void> {
  const mine = ++run;
  questionListing.value = { state: "loading" };
  try {
    let cursor = from;
    let count = 0;
    do {
      const page = await listQuestions(cursor);
      if (mine !== run) return;
      remember(page.items);
      cursor = page.cursor;
      count += page.items.length;
    } while (cursor && count < least);
    olderQuestions.value = cursor;
    questionListing.value = { state: "ready" };
  } catch (error) {
    if (mine === run) questionListing.value = { state: "failed", error };
  }
}

/** Fetches one question; gives nothing when there is none (yet). Throws ApiError for everything else. */
export async function refreshQuestion(questionId: string): Promise<Question | undefined> {
  refreshed.set(questionId, Date.now());
  try {
    remember([await getQuestion(questionId)]);
    asked.delete(questionId);
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 400))) throw error;
  }
  return questionOf(questionId);
}

/** Remembers that a question was just asked here, so that its page waits for it. */
export const noteAsked = (questionId: string): void => void asked.set(questionId, Date.now());

const isArranging = (questionId: string): boolean => Date.now() - (asked.get(questionId) ?? 0) < ARRANGING_MS;

/**
 * Fetches one question. One that was just asked here is waited for in the list, where it will be among the first: asking for
 * it by its id would be told again and again that there is none.
 */
export async function awaitQuestion(questionId: string, wanted: () => boolean): Promise<Question | undefined> {
  while (wanted() && isArranging(questionId)) {
    remember((await listQuestions(undefined, AMONG)).items);
    if (questionOf(questionId)) break;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return refreshQuestion(questionId);
}

/** Something happened to a question. It is shown at once, and fetched for the rest, where questions are looked at at all. */
export function followQuestion(questionId: string, status?: string): void {
  const before = known.value.get(questionId);
  if (before && status && status !== "open") remember([{ ...before, status }]);
  if (before || questionListing.value.state !== "unread") void refreshQuestion(questionId).catch(() => undefined);
}

/** Questions whose time is up say so themselves a moment later: fetches those that have not yet, now and then. */
export function refreshOverdue(now: number): void {
  for (const { questionId, status, deadlineAt } of known.value.values()) {
    const overdue = status === "open" && Date.parse(deadlineAt) + GRACE_MS < now;
    if (overdue && now - (refreshed.get(questionId) ?? 0) > 10_000)
      void refreshQuestion(questionId).catch(() => undefined);
  }
}
