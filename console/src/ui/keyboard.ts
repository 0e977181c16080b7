/** The keys of the whole console. */
import { useEffect } from "preact/hooks";
import { go, route } from "../router.ts";
import { change, settings, type Show } from "../settings.ts";
import { isUnread, session, sortedConversations } from "../state.ts";

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

/** Opens a conversation so many places after the open one. */
function move(steps: number): void {
  const all = sortedConversations.value;
  const { value } = route;
  const current =
    value.page === "conversations" ? all.findIndex((one) => one.conversationId === value.conversationId) : -1;
  const next = all[Math.min(Math.max(current + steps, 0), all.length - 1)];
  if (next) go(`/c/${next.conversationId}`);
}

function nextUnread(): void {
  const next = sortedConversations.value.find(isUnread);
  if (next) go(`/c/${next.conversationId}`);
}

const SHOWS: Show[] = ["both", "translation", "original"];

function nextShow(): void {
  change({ show: SHOWS[(SHOWS.indexOf(settings.value.show) + 1) % SHOWS.length] ?? "both" });
}

const KEYS: Record<string, () => void> = {
  "/": () => (document.querySelector("#search") ? focus("#search") : go("/")),
  j: () => move(1),
  k: () => move(-1),
  u: nextUnread,
  r: () => focus("#reply"),
  o: nextShow,
};

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.matches("textarea, select, input:not([type=checkbox], [type=radio]), [contenteditable]");

function escape(target: EventTarget | null): void {
  if (document.querySelector("dialog[open]")) return;
  if (typing(target) && target instanceof HTMLElement) target.blur();
  else if (route.value.page === "conversations" && route.value.conversationId) go("/");
}

export function useKeyboard(help: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (
        !session.value ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        event.isComposing ||
        event.defaultPrevented
      )
        return;
      if (event.key === "Escape") return escape(event.target);
      if (!settings.value.shortcuts || typing(event.target) || document.querySelector("dialog[open]")) return;
      const action = event.key === "?" ? help : KEYS[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
