/** What a message has to do with a question, in plain words. */
import { t } from "../i18n/index.ts";
import type { Asked } from "../lib/schema.ts";

const STATES = ["unclear", "late", "repeated", "foreign", "opted-out", "failed"] as const;

/** One line about it; nothing for what a reader need not know. */
export function askedWords({ kind, state, code = "", text = "" }: Asked): string | undefined {
  if (kind) return t(kind === "reminder" ? "asked.reminder" : "asked.question", { code });
  if (state === "answered") return text ? t("asked.answeredText", { code, text }) : t("asked.answered", { code });
  const known = STATES.find((one) => one === state);
  if (!known) return undefined;
  return code ? t(`asked.with.${known}`, { code }) : t(`asked.without.${known}`);
}
