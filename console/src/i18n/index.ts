/** The console's own words. A language is a file beside this one; see README.md. */
import { computed, signal } from "@preact/signals";
import { createInstance, type TOptions } from "i18next";
import en from "./en.json" with { type: "json" };

type Catalogue = typeof en;
/** `a.b.c` for every text of the catalogue; a plural goes by its name without _one or _other. */
type Keys<T, Prefix extends string = ""> = {
  [K in keyof T & string]: T[K] extends string ? `${Prefix}${Unplural<K>}` : Keys<T[K], `${Prefix}${K}.`>;
}[keyof T & string];
type Unplural<K extends string> = K extends `${infer Name}_one` | `${infer Name}_other` ? Name : K;
export type Key = Keys<Catalogue>;

const catalogues: Record<string, () => Promise<{ default: unknown }>> = {
  es: () => import("./es.json"),
  pt: () => import("./pt.json"),
};

export const uiLanguages = ["en", ...Object.keys(catalogues)];

const i18n = createInstance();
void i18n.init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: en } },
  initAsync: false,
  // Texts become text nodes, never markup: nothing is to be escaped.
  interpolation: { escapeValue: false },
});

export const uiLanguage = signal("en");

/** How numbers and times are written: as the browser's own variant of the console's language has it (en-GB, pt-BR). */
export const locale = computed(
  () => navigator.languages.find((code) => code.split("-")[0] === uiLanguage.value) ?? uiLanguage.value,
);

/** A text in the console's language. Reading it in a component renders the component anew when the language changes. */
export function t(key: Key, values: TOptions = {}): string {
  void uiLanguage.value;
  return i18n.t(key, values);
}

/** A text whose key is made of data; nothing when there is none. */
export function maybe(key: string): string | undefined {
  void uiLanguage.value;
  return i18n.exists(key) ? i18n.t(key) : undefined;
}

/** The console's language for a reader: the same, or English when nobody wrote that catalogue. */
export async function speak(language: string): Promise<void> {
  const code =
    uiLanguages.find((known) => known === language) ??
    uiLanguages.find((known) => known === language.split("-")[0]) ??
    "en";
  const fetchCatalogue = catalogues[code];
  if (fetchCatalogue && !i18n.hasResourceBundle(code, "translation"))
    i18n.addResourceBundle(code, "translation", (await fetchCatalogue()).default);
  await i18n.changeLanguage(code);
  document.documentElement.lang = code;
  document.documentElement.dir = i18n.dir(code);
  uiLanguage.value = code;
}
