/** The languages that one may choose from. */
import { uiLanguage } from "../i18n/index.ts";
import { languageName } from "../lib/format.ts";
import { config } from "../state.ts";

export const languageChoices = (): string[] => {
  const { languages = [], deskLanguages = [] } = config.value ?? {};
  return languages.length ? languages : deskLanguages;
};

/** Languages by their names, each with its name in itself. */
export function byName(codes: readonly string[]): [string, string][] {
  const named = codes.map((code): [string, string] => {
    const [here, own] = [languageName(code, uiLanguage.value), languageName(code, code)];
    return [code, here.toLowerCase() === own.toLowerCase() ? here : `${here} (${own})`];
  });
  return named.sort(([, a], [, b]) => a.localeCompare(b, uiLanguage.value));
}
