/** The REST API, for an operator. */
import * as v from "valibot";
import { idToken } from "./auth.ts";
import type { EntryRequest } from "./lib/directory.ts";
import type { QuestionRequest } from "./lib/questions.ts";
import * as schema from "./lib/schema.ts";
import type { SubscriptionRequest } from "./lib/subscriptions.ts";

/** A request that did not work out. `status` is 0 when no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly requestId: string | undefined;

  constructor(status: number, detail: string, requestId?: string) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.requestId = requestId;
  }
}

/** Called when the server no longer takes our token, and no new one is to be had. */
let onSignedOut: () => void = () => undefined;
let root = "";

export function setUpApi(apiUrl: string, signedOut: () => void): void {
  root = apiUrl.replace(/\/$/, "");
  onSignedOut = signedOut;
}

async function send(path: string, init: RequestInit, force: boolean): Promise<Response> {
  const token = await idToken(force).catch(() => {
    throw new ApiError(0, "");
  });
  if (!token) {
    onSignedOut();
    throw new ApiError(401, "");
  }
  try {
    return await fetch(`${root}${path}`, {
      ...init,
      headers: { ...init.headers, authorization: token, accept: "application/json" },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "");
  }
}

async function request(path: string, init: RequestInit = {}): Promise<unknown> {
  let response = await send(path, init, false);
  if (response.status === 401) response = await send(path, init, true);
  if (response.status === 401) onSignedOut();
  if (!response.ok) throw await problem(response);
  return response.status === 204 ? undefined : response.json();
}

async function problem(response: Response): Promise<ApiError> {
  const parsed = v.safeParse(schema.Problem, await response.json().catch(() => ({})));
  const { detail, title, message, requestId } = parsed.success ? parsed.output : {};
  return new ApiError(
    response.status,
    detail ?? title ?? message ?? "",
    requestId ?? response.headers.get("x-amzn-requestid") ?? undefined,
  );
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** An answer as its schema has it. An answer that is not so is an error of the server's. */
async function parsed<T extends v.GenericSchema>(as: T, answer: Promise<unknown>): Promise<v.InferOutput<T>> {
  const result = v.safeParse(as, await answer);
  if (!result.success) throw new ApiError(502, "");
  return result.output;
}

const query = (values: Record<string, string | undefined>): string => {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export interface Page<T> {
  items: T[];
  cursor: string | undefined;
}

export async function buyTicket(details: { name?: string; language?: string; room?: string }): Promise<string> {
  return (await parsed(schema.Ticket, request("/desk/tickets", post(details)))).ticket;
}

export async function listConversations(cursor?: string): Promise<Page<schema.Conversation>> {
  const list = await parsed(schema.ConversationList, request(`/desk/conversations${query({ limit: "100", cursor })}`));
  return { items: schema.sound(schema.Conversation, list.conversations), cursor: list.cursor };
}

export async function getReport(reportId: string): Promise<{ report: schema.Report; raw: unknown }> {
  const raw = await request(`/desk/reports/${encodeURIComponent(reportId)}`);
  return { report: await parsed(schema.Report, Promise.resolve(raw)), raw };
}

export async function listReports(day: string, cursor?: string, signal?: AbortSignal): Promise<Page<schema.Report>> {
  const init = signal ? { signal } : {};
  const list = await parsed(schema.ReportList, request(`/desk/reports${query({ day, limit: "100", cursor })}`, init));
  return { items: schema.sound(schema.Report, list.reports), cursor: list.cursor };
}

export async function listImages(day: string, cursor?: string): Promise<Page<schema.Picture>> {
  const list = await parsed(schema.ImageList, request(`/desk/images${query({ day, limit: "50", cursor })}`));
  return { items: schema.sound(schema.Picture, list.images), cursor: list.cursor };
}

/** Pictures asked for lately, with their links. A link lives five minutes; it is asked for anew after four. */
const images = new Map<string, { until: number; image: Promise<schema.Image> }>();

export function getImage(imageId: string): Promise<schema.Image> {
  const known = images.get(imageId);
  if (known && known.until > Date.now()) return known.image;
  const image = parsed(schema.Image, request(`/desk/images/${encodeURIComponent(imageId)}`));
  images.set(imageId, { until: Date.now() + 240_000, image });
  image.catch(() => images.delete(imageId));
  return image;
}

export async function createUpload(contentType: string): Promise<schema.Upload> {
  return parsed(schema.Upload, request("/desk/images", post({ contentType })));
}

export async function listEntries(cursor?: string): Promise<Page<schema.Entry>> {
  const list = await parsed(schema.EntryList, request(`/desk/directory${query({ limit: "100", cursor })}`));
  return { items: schema.sound(schema.Entry, list.entries), cursor: list.cursor };
}

const entryPath = (entryId: string): string => `/desk/directory/${encodeURIComponent(entryId)}`;

export async function getEntry(entryId: string): Promise<schema.Entry> {
  return parsed(schema.Entry, request(entryPath(entryId), { cache: "no-store" }));
}

/** Makes an entry, one however often it is sent with the same key. Throws ApiError 409 when the key came with another. */
export async function createEntry(entry: EntryRequest, key: string): Promise<schema.Entry> {
  const { headers, ...init } = post(entry);
  const named = { ...headers, "idempotency-key": key };
  return parsed(schema.Entry, request("/desk/directory", { ...init, headers: named }));
}

/** An entry's ETag is its version. The header itself may be weakened on its way by whatever compresses the answer. */
const ifMatch = (version: number) => ({ "if-match": `"${version}"` });

/** Changes the entry, if it still is the version that is given. Throws ApiError 412 when it is not, 404 when it is gone. */
export async function replaceEntry(entryId: string, version: number, entry: EntryRequest): Promise<schema.Entry> {
  const { headers, ...init } = post(entry);
  const conditions = { ...headers, ...ifMatch(version) };
  return parsed(schema.Entry, request(entryPath(entryId), { ...init, method: "PUT", headers: conditions }));
}

/** Deletes the entry, under the same condition. */
export async function deleteEntry(entryId: string, version: number): Promise<void> {
  await request(entryPath(entryId), { method: "DELETE", headers: ifMatch(version) });
}

export async function listQuestions(cursor?: string, limit = 100): Promise<Page<schema.Question>> {
  const page = request(`/desk/questions${query({ limit: String(limit), cursor })}`, { cache: "no-store" });
  const list = await parsed(schema.QuestionList, page);
  return { items: schema.sound(schema.Question, list.questions), cursor: list.cursor };
}

const questionPath = (questionId: string): string => `/desk/questions/${encodeURIComponent(questionId)}`;

export async function getQuestion(questionId: string): Promise<schema.Question> {
  return parsed(schema.Question, request(questionPath(questionId), { cache: "no-store" }));
}

/** Asks a question under the form's own key, which becomes its id. Throws ApiError 409 when that key has asked already. */
export async function createQuestion(key: string, question: QuestionRequest): Promise<string> {
  const { headers, ...init } = post(question);
  const asked = request("/desk/questions", { ...init, headers: { ...headers, "idempotency-key": key } });
  return (await parsed(schema.QuestionCreated, asked)).questionId;
}

/** Closes an open question without an answer. Throws ApiError 409 when it is closed already. */
export async function cancelQuestion(questionId: string): Promise<void> {
  await request(questionPath(questionId), { method: "DELETE" });
}

export async function listDigests(cursor?: string): Promise<Page<schema.Digest>> {
  const list = await parsed(schema.DigestList, request(`/desk/digests${query({ limit: "31", cursor })}`));
  return { items: schema.sound(schema.Digest, list.digests), cursor: list.cursor };
}

export async function getDigest(day: string): Promise<schema.Digest> {
  return parsed(schema.Digest, request(`/desk/digests/${encodeURIComponent(day)}`, { cache: "no-store" }));
}

export async function listSubscriptions(): Promise<schema.Subscription[]> {
  const list = await parsed(schema.SubscriptionList, request("/desk/subscriptions", { cache: "no-store" }));
  return schema.sound(schema.Subscription, list.subscriptions);
}

export async function createSubscription(wanted: SubscriptionRequest): Promise<schema.Subscription> {
  return parsed(schema.Subscription, request("/desk/subscriptions", post(wanted)));
}

export async function deleteSubscription(subscriptionId: string): Promise<void> {
  await request(`/desk/subscriptions/${encodeURIComponent(subscriptionId)}`, { method: "DELETE" });
}
