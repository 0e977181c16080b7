/** Everything the pages show, and what frames do to it. */
import { batch, computed, effect, signal } from "@preact/signals";
import * as api from "./api.ts";
import { currentSession, mayBeSignedIn, signOut as cognitoSignOut, type Session } from "./auth.ts";
import { DeskConnection, FrameError } from "./connection.ts";
import { t } from "./i18n/index.ts";
import { type Cursor, cursorOf, later } from "./lib/cursor.ts";
import {
  merge,
  newest,
  newMessageId,
  type Pending,
  stillPending,
  withStatus,
  withTranslations,
} from "./lib/messages.ts";
import { type Config, type Conversation, type Frame, Message, sound } from "./lib/schema.ts";
import { forget, load, save } from "./lib/storage.ts";
import { signalArrival } from "./notify.ts";
import { followQuestion, forgetQuestions } from "./questions.ts";
import { change, settings } from "./settings.ts";

export interface Thread {
  messages: Message[];
  /** Where older messages begin; absent when there are none. */
  before?: Cursor | undefined;
  loaded: boolean;
  loading: boolean;
  error: boolean;
}

const EMPTY: Thread = { messages: [], loaded: false, loading: false, error: false };
const CATCH_UP_MS = 120_000;
/** A message saved in the very moment of a connection may miss it, because indexes lag: it is asked for once more. */
const ONCE_MORE_MS = 3_000;
const REFRESH_MS = 700;
const PAGE = 30;

export const config = signal<Config | undefined>(undefined);
export const session = signal<Session | undefined>(undefined);
export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());
export const listState = signal<"loading" | "ready" | "failed">("loading");
export const threads = signal<ReadonlyMap<string, Thread>>(new Map());
export const pending = signal<readonly Pending[]>([]);
export const roomConversationId = signal<string>("");
export const roomUnread = signal(false);
/** Said aloud by screen readers. */
export const announcement = signal("");
/** The session ended by itself: the sign-in page says so. */
export const ended = signal(false);
/** The conversation on the screen; its messages count as read while the page is looked at. */
export const openId = signal<string>("");

/** Whether people opted out, as frames said it: such a frame may come before the first message of its conversation. */
const consents = new Map<string, boolean>();
const marks = signal<Readonly<Record<string, string>>>({});
let newestId: Cursor | undefined;
let connection: DeskConnection | undefined;
let timer = 0;
export const connectionState = computed(() => connectionSignal.value?.state.value ?? { kind: "closed" as const });
const connectionSignal = signal<DeskConnection | undefined>(undefined);

export const sortedConversations = computed(() =>
  [...conversations.value.values()].sort((a, b) => (a.lastMessageAt < b.lastMessageAt ? 1 : -1)),
);

export const unreadCount = computed(
  () => sortedConversations.value.filter(isUnread).length + (roomUnread.value ? 1 : 0),
);

export function isUnread(conversation: Conversation): boolean {
  if (conversation.lastMessage?.direction !== "inbound") return false;
  return conversation.lastMessageAt > (marks.value[conversation.conversationId] ?? "");
}

export const threadOf = (conversationId: string): Thread => threads.value.get(conversationId) ?? EMPTY;

const marksKey = () => `dragoman.read.${session.value?.operatorId ?? ""}`;

/** Everything that came so far in this conversation has been seen. */
export function markRead(conversationId: string): void {
  const last = newest(threadOf(conversationId).messages)?.split("~")[0] ?? "";
  const listed = conversations.value.get(conversationId)?.lastMessageAt ?? "";
  const mark = last > listed ? last : listed;
  if (conversationId === roomConversationId.value) roomUnread.value = false;
  if (!mark || mark <= (marks.value[conversationId] ?? "")) return;
  marks.value = { ...marks.value, [conversationId]: mark };
  save(marksKey(), marks.value);
}

export async function resume(found: Config): Promise<void> {
  config.value = found;
  api.setUpApi(found.apiUrl, () => {
    ended.value = session.value !== undefined;
    void leave(false);
  });
  const who = mayBeSignedIn() ? await currentSession().catch(() => undefined) : undefined;
  if (who) enter(who);
}

export function enter(who: Session): void {
  ended.value = false;
  pending.value = unsent(who.operatorId);
  session.value = who;
  marks.value = load(marksKey(), {});
  if (!settings.value.name) change({ name: who.name ?? who.email.split("@")[0] ?? "" });
  connection = new DeskConnection(config.value?.socketUrl ?? "", { ticket, opened, frame: receive });
  connectionSignal.value = connection;
  void loadConversations();
  connection.start();
  timer = window.setInterval(() => void catchUp().catch(() => undefined), CATCH_UP_MS);
}

/** Signs out and forgets what was shown. What was written stays when the session ended by itself. */
export async function leave(byHand = true): Promise<void> {
  const gone = session.value !== undefined;
  clearInterval(timer);
  connection?.stop();
  connection = undefined;
  batch(() => {
    session.value = undefined;
    connectionSignal.value = undefined;
    conversations.value = new Map();
    threads.value = new Map();
    pending.value = [];
    roomConversationId.value = "";
    listState.value = "loading";
  });
  forgetQuestions();
  newestId = undefined;
  consents.clear();
  if (byHand) {
    forget(PENDING, sessionStorage);
    forgetDrafts();
  }
  if (gone) await cognitoSignOut().catch(() => undefined);
}

const ticket = (): Promise<string> => {
  const { name, language, room } = details();
  return api.buyTicket({ ...(name ? { name } : {}), ...(language ? { language } : {}), room });
};

const details = () => {
  const { name, language, room } = settings.value;
  return { name: name.trim(), language: language || defaultLanguage(), room };
};

/** The language of the browser where the desk has it, otherwise the desk's first. */
export function defaultLanguage(): string {
  const known = config.value?.languages.length ? config.value.languages : (config.value?.deskLanguages ?? []);
  const wanted = navigator.languages.flatMap((code) => [code, code.split("-")[0] ?? ""]);
  return wanted.find((code) => known.includes(code)) ?? config.value?.deskLanguages[0] ?? "en";
}

export const readingLanguage = computed(() => settings.value.language || (config.value ? defaultLanguage() : "en"));

async function opened(): Promise<void> {
  await sendDetails().catch(unlessLost);
  // What waited is sent first: a person waits for it. The same id twice does no harm.
  for (const line of pending.value) if (line.state === "waiting" || line.state === "sending") void transmit(line);
  if (newestId) await catchUp().catch(unlessLost);
  if (!threads.value.has(roomConversationId.value)) await loadRoom();
  if (openId.value) await loadThread(openId.value);
  setTimeout(
    () =>
      void loadConversations()
        .then(catchUp)
        .catch(() => undefined),
    ONCE_MORE_MS,
  );
}

/** A refusal is no reason to open the connection again; that it broke is. */
function unlessLost(error: unknown): void {
  if (!(error instanceof FrameError) || error.code === "lost") throw error;
}

async function sendDetails(): Promise<void> {
  const { name, language, room } = details();
  await ask({ action: "updatedetails", ...(name ? { name } : {}), language, room });
}

/** Tells the server about changed settings. The language decides the translations, so that everything is asked for anew. */
export async function applyDetails(languageChanged: boolean): Promise<void> {
  if (!connection?.connected) return;
  await sendDetails();
  if (!languageChanged) return;
  threads.value = new Map();
  await loadRoom();
  if (openId.value) await loadThread(openId.value);
  await loadConversations();
}

async function ask(question: { action: string } & Record<string, unknown>): Promise<Frame> {
  if (!connection) throw new FrameError("lost", "");
  const frame = await connection.ask(question);
  receive(frame);
  return frame;
}

export const retryNow = (): void => connection?.retryNow();

/** Everything since the newest message we have; too long ago means: from the beginning. */
async function catchUp(): Promise<void> {
  if (!connection?.connected || !newestId) return;
  let since: string | undefined = newestId;
  try {
    while (since) {
      const frame = await ask({ action: "getmessages", since });
      const next: string | undefined = frame.type === "messages" ? frame.next : undefined;
      since = next === since ? undefined : next;
    }
  } catch (error) {
    if (!(error instanceof FrameError) || error.code !== "too-old") throw error;
    newestId = undefined;
    threads.value = new Map();
    await loadConversations();
  }
}

async function loadRoom(): Promise<void> {
  const id = roomConversationId.value;
  if (!id) return;
  await loadThread(id);
  const last = threadOf(id).messages.at(-1);
  const mark = marks.value[id];
  // Before the room was ever looked at, its past is no news.
  roomUnread.value =
    mark !== undefined &&
    last !== undefined &&
    last.createdAt > mark &&
    last.author?.operatorId !== session.value?.operatorId;
}

function receive(frame: Frame): void {
  batch(() => {
    if (frame.type === "message") takeIn([frame], true);
    else if (frame.type === "messages") takeMany(frame);
    else if (frame.type === "status") follow(frame);
    else if (frame.type === "question") followQuestion(frame.questionId, frame.status);
    else if (frame.type === "contact") setOptedOut(frame.conversationId, frame.optedOut);
    else if (frame.type === "details") roomConversationId.value = frame.roomConversationId;
    else if (frame.type === "error" && frame.messageId) refuse(frame.messageId, frame.code, frame.detail);
  });
}

/** A receipt. The words of an automatic reply come in no frame of their own: they are fetched once it was sent. */
function follow(frame: Extract<Frame, { type: "status" }>): void {
  const { conversationId, messageId } = frame;
  update(conversationId, (messages) => withStatus(messages, frame));
  const message = threadOf(conversationId).messages.find((one) => one.messageId === messageId);
  if (message?.direction !== "inbound" || message.reply?.text !== undefined) return;
  clearTimeout(refreshes.get(conversationId));
  refreshes.set(
    conversationId,
    window.setTimeout(() => void loadThread(conversationId), REFRESH_MS),
  );
}

const refreshes = new Map<string, number>();

function takeMany(frame: Extract<Frame, { type: "messages" }>): void {
  const messages = sound(Message, frame.messages);
  // History belongs to the thread alone; what is new belongs to the list too.
  takeIn(messages, frame.conversationId === undefined);
  for (const id of new Set(messages.map((message) => message.conversationId)))
    update(id, (known) => withTranslations(known, frame.translations));
}

function takeIn(messages: Message[], live: boolean): void {
  for (const [id, group] of Map.groupBy(messages, (message) => message.conversationId)) {
    const known = threadOf(id);
    const seen = new Set(known.messages.map((message) => message.messageId));
    // A thread never opened gets no fragment: its first page is loaded when it is.
    if (known.loaded || known.loading || !live) setThread(id, { ...known, messages: merge(known.messages, group) });
    if (live) for (const message of group) list(message, !seen.has(message.messageId));
    if (live) for (const { question } of group) if (question?.questionId) followQuestion(question.questionId);
  }
  newestId = later(newestId, newest(messages));
  pending.value = stillPending(pending.value, messages);
}

/** Brings the conversation of a message to the top of the list, and says that it came. */
function list(message: Message, fresh: boolean): void {
  const id = message.conversationId;
  const mine = message.author?.operatorId === session.value?.operatorId;
  if (message.direction === "internal") {
    if (fresh && !mine && message.id > roomMark()) arrived(message);
    return;
  }
  const known = conversations.value.get(id);
  const same = known?.lastMessage?.messageId === message.messageId;
  const isNew = !same && (!known || message.createdAt > known.lastMessageAt);
  if (isNew || same) {
    conversations.value = new Map(conversations.value).set(id, summarised(message, known));
    if (fresh && isNew && !mine) arrived(message);
  }
}

const roomMark = (): string => marks.value[roomConversationId.value] ?? "";

function summarised(message: Message, known: Conversation | undefined): Conversation {
  const { language, status, text } = message.translation;
  const consent = message.consent ? { consent: message.consent } : {};
  return {
    conversationId: message.conversationId,
    contact: message.contact || known?.contact || "",
    language:
      message.direction === "inbound" ? message.language : (known?.language ?? message.sentText?.language ?? "und"),
    lastMessageAt: known && known.lastMessageAt > message.createdAt ? known.lastMessageAt : message.createdAt,
    firstMessageAt: known?.firstMessageAt ?? message.createdAt,
    optedOut: known?.optedOut ?? consents.get(message.conversationId) ?? false,
    lastMessage: {
      messageId: message.messageId,
      direction: message.direction,
      preview: message.text.slice(0, 120),
      translations: status === "translated" && text ? { [language]: text.slice(0, 120) } : {},
      pictures: message.pictures.filter((picture) => picture.kind === "picture").length,
      ...consent,
    },
  };
}

function arrived(message: Message): void {
  const looking = openId.value === message.conversationId && document.visibilityState === "visible";
  if (message.direction === "internal" && !looking) roomUnread.value = true;
  if (looking) queueMicrotask(() => markRead(message.conversationId));
  const words = message.translation.text || message.text;
  announcement.value = t("live.arrived", { from: nameOf(message), text: words.slice(0, 200) });
  signalArrival(looking, nameOf(message));
}

const nameOf = (message: Message): string => message.author?.name || message.contact.replace(/^[a-z]+:/, "");

function setThread(id: string, thread: Thread): void {
  threads.value = new Map(threads.value).set(id, thread);
}

function update(id: string, change: (messages: Message[]) => Message[]): void {
  const thread = threads.value.get(id);
  if (thread) setThread(id, { ...thread, messages: change(thread.messages) });
}

function setOptedOut(id: string, optedOut: boolean): void {
  consents.set(id, optedOut);
  const known = conversations.value.get(id);
  if (!known || known.optedOut === optedOut) return;
  conversations.value = new Map(conversations.value).set(id, { ...known, optedOut });
  if (id === openId.value) announcement.value = t(optedOut ? "thread.optedOut.title" : "thread.optedIn");
}

/** The list by REST, all of its pages; what came live meanwhile is newer and stays. */
export async function loadConversations(): Promise<void> {
  if (listState.value === "failed") listState.value = "loading";
  try {
    let cursor: string | undefined;
    do {
      const page = await api.listConversations(cursor);
      if (!session.value) return;
      addConversations(page.items);
      listState.value = "ready";
      cursor = page.cursor;
    } while (cursor && conversations.value.size < 1_000);
  } catch {
    if (session.value && !conversations.value.size) listState.value = "failed";
  }
}

function addConversations(items: Conversation[]): void {
  const all = new Map(conversations.value);
  for (const item of items) {
    const known = all.get(item.conversationId);
    const newer = known && known.lastMessageAt > item.lastMessageAt ? known : undefined;
    const same = newer?.lastMessage?.messageId === item.lastMessage?.messageId;
    const lastMessageAt = newer?.lastMessageAt ?? item.lastMessageAt;
    all.set(item.conversationId, newer && !same ? { ...newer, optedOut: item.optedOut } : { ...item, lastMessageAt });
  }
  conversations.value = all;
  // Where to ask on from, when no message was seen yet.
  const last = items[0]?.lastMessage;
  if (!newestId && last && items[0]) newestId = cursorOf(items[0].lastMessageAt, last.messageId);
}

/** The newest page of a conversation. */
export async function loadThread(id: string): Promise<void> {
  await loadPage(id, undefined);
}

/** The page before those that are there. */
export async function loadOlder(id: string): Promise<void> {
  const { before, loading } = threadOf(id);
  if (before && !loading) await loadPage(id, before);
}

async function loadPage(id: string, before: Cursor | undefined): Promise<void> {
  const known = threadOf(id);
  setThread(id, { ...known, loading: true, error: false });
  try {
    const frame = await ask({ action: "getmessages", conversationId: id, limit: PAGE, ...(before ? { before } : {}) });
    const next = frame.type === "messages" ? frame.next : undefined;
    const keepsBefore = known.loaded && !before && known.messages.length > 0;
    setThread(id, { ...threadOf(id), loaded: true, loading: false, before: keepsBefore ? known.before : next });
  } catch (error) {
    // While the connection is away the thread goes on waiting for it: `opened` loads it again.
    const lost = error instanceof FrameError && error.code === "lost";
    setThread(id, { ...threadOf(id), loading: lost, error: !lost });
  }
}

// What was not sent yet outlives a reload of the page.
const PENDING = "dragoman.pending";

/** What this operator wrote in this window and nobody answered yet. */
function unsent(operatorId: string): Pending[] {
  const kept = load<{ operatorId?: string; lines?: Pending[] }>(PENDING, {}, sessionStorage);
  if (kept.operatorId !== operatorId) return [];
  return (kept.lines ?? []).map((line) => (line.state === "refused" ? line : { ...line, state: "waiting" }));
}

effect(() => {
  const lines = pending.value;
  if (!session.value) return;
  if (lines.length) save(PENDING, { operatorId: session.value.operatorId, lines }, sessionStorage);
  else forget(PENDING, sessionStorage);
});

/** Sends words into a conversation or the own room. The line is shown at once. */
export function write(conversationId: string, text: string): void {
  const toRoom = conversationId === roomConversationId.value;
  const line: Pending = {
    messageId: newMessageId(),
    conversationId,
    text,
    writtenAt: new Date().toISOString(),
    state: connection?.connected ? "sending" : "waiting",
    ...(toRoom ? { room: settings.value.room } : {}),
  };
  pending.value = [...pending.value, line];
  if (line.state === "sending") void transmit(line);
}

async function transmit(line: Pending): Promise<void> {
  const { messageId, conversationId, room, text } = line;
  setPending(messageId, { state: "sending" });
  try {
    await ask({ action: "sendmessage", messageId, text, ...(room ? { room } : { conversationId }) });
    setPending(messageId, { state: "accepted" });
  } catch (error) {
    const code = error instanceof FrameError ? error.code : "";
    // Nobody knows whether it went through. The id makes sending it again harmless.
    if (code === "lost") setPending(messageId, { state: "waiting" });
    else refuse(messageId, code, error instanceof Error ? error.message : "");
  }
}

function refuse(messageId: string, code: string, detail: string): void {
  const line = pending.value.find((one) => one.messageId === messageId);
  if (line && code === "opted-out") setOptedOut(line.conversationId, true);
  const retry = code === "unavailable" || code === "timeout" || code === "not-connected";
  setPending(messageId, { state: "refused", reason: detail || t("errors.noAnswer"), retry });
}

function setPending(messageId: string, some: Partial<Pending>): void {
  pending.value = pending.value.map((line) => (line.messageId === messageId ? { ...line, ...some } : line));
}

export function resend(messageId: string): void {
  const line = pending.value.find((one) => one.messageId === messageId);
  if (line) void transmit(line);
}

export function discard(messageId: string): void {
  pending.value = pending.value.filter((line) => line.messageId !== messageId);
}

const DRAFT = "dragoman.draft.";

export const draftOf = (id: string): string => load(`${DRAFT}${id}`, "", sessionStorage);

export function keepDraft(id: string, text: string): void {
  if (text) save(`${DRAFT}${id}`, text, sessionStorage);
  else forget(`${DRAFT}${id}`, sessionStorage);
}

function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
}
