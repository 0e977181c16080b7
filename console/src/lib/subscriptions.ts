/** A subscription to the digest, as the form has it. */
import { plainNumber } from "./questions.ts";

export type Kind = "email" | "sms";

export interface SubscriptionRequest {
  kind: Kind;
  address: string;
  language?: string;
  name?: string;
}

/** What the API takes for an e-mail address (schemas/subscription_request.json). */
const EMAIL =
  /^[A-Za-z0-9.!#%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$/;

/** Slips are found here; whether the address exists, nobody can tell. */
export function subscriptionFault(kind: Kind, address: string): "required" | "email" | "number" | undefined {
  const given = address.trim();
  if (!given) return "required";
  if (kind === "email") return given.length <= 254 && EMAIL.test(given) ? undefined : "email";
  return /^\+[1-9]\d{6,14}$/.test(plainNumber(given)) ? undefined : "number";
}

/** The languages that e-mails are written in are those of the console: each is a catalogue in both. */
export function mailLanguage(wanted: string | undefined, desk: readonly string[], written: readonly string[]): string {
  const known = [wanted ?? "", ...desk].map((code) => code.split("-")[0]);
  return known.find((code) => code !== undefined && written.includes(code)) ?? "en";
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
