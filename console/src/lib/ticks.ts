/** What became of words on their way to a phone, in one word for all parts. */
import type { Delivery, Message, Reply } from "./schema.ts";

export type Tick = "pending" | "sent" | "delivered" | "read" | "failed" | "suppressed" | "unknown" | "none";

export interface Fate {
  tick: Tick;
  parts: number;
  reason?: string;
  /** Whether sending the same words again makes sense. */
  retry: boolean;
}

const FAILED = new Set(["failed", "undelivered", "canceled"]);
const ORDER: Tick[] = ["pending", "sent", "delivered", "read"];

export function fate(reply: Reply | undefined, deliveries: Record<string, Delivery>): Fate {
  const all = Object.values(deliveries);
  const parts = Math.max(reply?.parts?.length ?? 0, all.length, 1);
  const failed = all.find((delivery) => FAILED.has(delivery.status));
  if (failed)
    return withReason({ tick: "failed", parts, retry: failed.retry ?? false }, failed.reason || reply?.reason);
  const state = reply?.state ?? "pending";
  const broken = reply?.parts?.find((part) => part.state === "failed");
  if (state === "failed" || broken)
    return withReason(
      { tick: "failed", parts, retry: false },
      broken?.reason || reply?.reason || broken?.error || reply?.error,
    );
  if (state === "none") return { tick: "none", parts, retry: false };
  if (state === "suppressed") return withReason({ tick: "suppressed", parts, retry: false }, reply?.reason);
  return reached(all, state, parts, reply?.reason);
}

function reached(all: Delivery[], state: string, parts: number, reason: string | undefined): Fate {
  const least = Math.min(...all.map((delivery) => Math.max(ORDER.indexOf(delivery.status as Tick), 0)));
  // The part that has come least far speaks for all of them, those without any word of theirs included.
  if (all.length === parts && least > 0) return { tick: ORDER[least] ?? "sent", parts, retry: false };
  const unknown = state === "unknown" || all.some((delivery) => delivery.status === "unknown");
  if (unknown) return withReason({ tick: "unknown", parts, retry: false }, reason);
  return { tick: state === "sent" || (least > 0 && all.length > 0) ? "sent" : "pending", parts, retry: false };
}

const withReason = (fate: Fate, reason: string | undefined): Fate => (!reason ? fate : { ...fate, reason });

/** Whether an inbound message was answered, or is about to be, by the machine. */
export const hasAnswer = (message: Message): boolean =>
  message.direction === "inbound" &&
  message.reply !== undefined &&
  (message.reply.text !== undefined || message.reply.state !== "pending");
