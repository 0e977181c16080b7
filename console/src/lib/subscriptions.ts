/** A subscription to the digest, as the form has it. */
import { plainNumber } from "./questions.ts";

export type Kind = "email" | "sms";

export interface SubscriptionRequest {
  kind: Kind;
  address: string;
  language?: string;
  name?: string;
}

/** An e-mail address is only looked at for slips; whether it exists, nobody can tell from here. */
export function subscriptionFault(kind: Kind, address: string): "required" | "email" | "number" | undefined {
  const given = address.trim();
  if (!given) return "required";
  if (kind === "email") return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(given) ? undefined : "email";
  return /^\+[1-9]\d{6,14}$/.test(plainNumber(given)) ? undefined : "number";
}

export const subscriptionRequest = (
  kind: Kind,
  address: string,
  language: string,
  name: string,
): SubscriptionRequest => ({
  kind,
  address: kind === "sms" ? `sms:${plainNumber(address)}` : address.trim(),
  ...(language ? { language } : {}),
  ...(name.trim() ? { name: name.trim() } : {}),
});
