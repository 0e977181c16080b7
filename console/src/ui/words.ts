/** Which words of a message are shown, and as what. */
import type { Message } from "../lib/schema.ts";
import type { Show } from "../settings.ts";

export interface Version {
  kind: "translation" | "original" | "sent";
  text: string;
  language: string;
}

export interface Shown {
  main: Version;
  /** The same in another language, below it. */
  others: Version[];
  /** Whether more versions are there than are shown. */
  more: boolean;
  note?: "failed" | "undetermined";
}

/** The versions of a message to show to a reader who chose `show`; `open` shows all of them. */
export function versions(message: Message, show: Show, open: boolean): Shown {
  const { translation, sentText } = message;
  const original: Version = { kind: "original", text: message.text, language: message.language };
  const translated =
    translation.status === "translated" && translation.text
      ? ({ kind: "translation", text: translation.text, language: translation.language } as const)
      : undefined;
  const sent = sentText && sentText.text !== message.text ? ({ kind: "sent", ...sentText } as const) : undefined;
  const main = translated && show !== "original" ? translated : original;
  const others = [translated, original, sent].filter(
    (version) => version !== undefined && version !== main,
  ) as Version[];
  // What was sent may equal a translation that is shown anyway.
  const distinct = others.filter((version) => version.text !== main.text || version.language !== main.language);
  const all = open || show === "both";
  const note =
    translation.status === "failed" || translation.status === "undetermined"
      ? ({ note: translation.status } as const)
      : {};
  return { main, others: all ? distinct : [], more: distinct.length > 0, ...note };
}
