/** What an operator chose, kept in this browser. */
import { effect, signal } from "@preact/signals";
import { load, save } from "./lib/storage.ts";

export type Theme = "system" | "light" | "dark";
export type Show = "both" | "translation" | "original";

export interface Settings {
  name: string;
  language: string;
  room: string;
  theme: Theme;
  /** Which words of a message are shown. */
  show: Show;
  /** What Enter does in the reply box: send, or begin a new line (then Ctrl+Enter sends). */
  enterSends: boolean;
  sound: boolean;
  notifications: boolean;
  /** Keys without a modifier, such as ? and /. */
  shortcuts: boolean;
  /** The hints for newcomers were read. */
  welcomed: boolean;
}

const KEY = "dragoman.settings";
const DEFAULTS: Settings = {
  name: "",
  language: "",
  room: "desk",
  theme: "system",
  show: "both",
  enterSends: true,
  sound: false,
  notifications: false,
  shortcuts: true,
  welcomed: false,
};

export const settings = signal<Settings>({ ...DEFAULTS, ...load<Partial<Settings>>(KEY, {}) });

export const ROOM = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function change(some: Partial<Settings>): void {
  settings.value = { ...settings.value, ...some };
  save(KEY, settings.value);
}

/** Keeps the document's theme, which the styles go by; none means the system's. */
export function followTheme(): void {
  effect(() => {
    const { theme } = settings.value;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  });
}
