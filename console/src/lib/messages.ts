/** Threads: putting messages that come live, as history and after a reconnect into one order, each once. */
import { type Cursor, compareCursors, later } from "./cursor.ts";
import type { Delivery, Frame, Message } from "./schema.ts";

/** A line of our own that the server has not sent back yet. */
export interface Pending {
  messageId: string;
  conversationId: string;
  /** Set for a line to the room. */
  room?: string;
  text: string;
  writtenAt: string;
  /** waiting: for a connection. sending: no answer yet. accepted: it is being translated. refused: it will not be sent. */
  state: "waiting" | "sending" | "accepted" | "refused";
  reason?: string;
  /** Whether sending it again could work. */
  retry?: boolean;
}

const RANKS: Record<string, number> = {
  accepted: 1,
  scheduled: 1,
  queued: 1,
  sending: 2,
  sent: 3,
  unknown: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  canceled: 4,
  read: 5,
};

/** A delivery moves forward only, however its callbacks overtake one another. */
export function moveOn(current: Delivery | undefined, next: Delivery): Delivery {
  if (!current) return next;
  return (RANKS[next.status] ?? 0) > (RANKS[current.status] ?? 0) ? next : current;
}

/** The newest of a message's versions, its deliveries never older than those known. */
function renew(known: Message, fresh: Message): Message {
  const deliveries = { ...fresh.deliveries };
  for (const [part, delivery] of Object.entries(known.deliveries))
    deliveries[part] = moveOn(deliveries[part], delivery);
  const keeps = fresh.translation.text === undefined && known.translation.language === fresh.translation.language;
  // Two answers may overtake one another: what became of a reply is never forgotten again.
  const settled = fresh.reply?.state === "pending" && known.reply !== undefined;
  return {
    ...fresh,
    deliveries,
    translation: keeps ? known.translation : fresh.translation,
    reply: settled ? known.reply : fresh.reply,
  };
}

/** Both lists as one in the order of time, every message once, the later version of it. */
export function merge(known: readonly Message[], fresh: readonly Message[]): Message[] {
  const byId = new Map(known.map((message) => [message.messageId, message]));
  for (const message of fresh) {
    const old = byId.get(message.messageId);
    byId.set(message.messageId, old ? renew(old, message) : message);
  }
  return [...byId.values()].sort((a, b) => compareCursors(a.id, b.id));
}

export function newest(messages: readonly Message[]): Cursor | undefined {
  return messages.reduce<Cursor | undefined>((cursor, message) => later(cursor, message.id), undefined);
}

type Status = Extract<Frame, { type: "status" }>;

/** The messages with what a status frame says about one of them. */
export function withStatus(messages: readonly Message[], frame: Status): Message[] {
  const { part, messageId } = frame;
  const delivery: Delivery = { status: frame.status, at: frame.at, reason: frame.reason, retry: frame.retry };
  return messages.map((message) =>
    message.messageId === messageId
      ? { ...message, deliveries: { ...message.deliveries, [part]: moveOn(message.deliveries[part], delivery) } }
      : message,
  );
}

/** The messages with translations that were made after them. */
export function withTranslations(
  messages: readonly Message[],
  made: readonly { messageId: string; language: string; text: string }[],
): Message[] {
  if (!made.length) return [...messages];
  const byId = new Map(made.map((translation) => [translation.messageId, translation]));
  return messages.map((message) => {
    const translation = byId.get(message.messageId);
    if (!translation) return message;
    return {
      ...message,
      translation: { language: translation.language, status: "translated", text: translation.text },
    };
  });
}

/** Those lines of ours that have not come back as messages. */
export function stillPending(pending: readonly Pending[], messages: readonly Message[]): Pending[] {
  const arrived = new Set(messages.map((message) => message.messageId));
  return pending.filter((line) => !arrived.has(line.messageId));
}

/** A new message id: DM and a UUID without its dashes. */
export const newMessageId = (): string => `DM${crypto.randomUUID().replaceAll("-", "")}`;
