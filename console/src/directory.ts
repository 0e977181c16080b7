/** The directory's entries as the console has them. */
import { computed, signal } from "@preact/signals";
import { listEntries } from "./api.ts";
import type { Entry } from "./lib/schema.ts";
import { config } from "./state.ts";
import { languageChoices } from "./ui/languages.ts";

/** The server's list lags behind what was just written: for so long what we know ourselves counts too. */
const LAG_MS = 15_000;

const listed = signal<readonly Entry[]>([]);
const own = signal<ReadonlyMap<string, { entry: Entry | undefined; at: number }>>(new Map());
export const listing = signal<{ state: "loading" | "ready" | "failed"; error?: unknown }>({ state: "loading" });
/** What was done last, for the list to say. */
export const said = signal("");

export const entries = computed((): Entry[] => {
  const all = new Map(listed.value.map((entry) => [entry.entryId, entry]));
  for (const [entryId, { entry }] of own.value) {
    if (!entry) all.delete(entryId);
    else if (entry.version >= (all.get(entryId)?.version ?? 0)) all.set(entryId, entry);
  }
  return [...all.values()].sort((a, b) => a.name.localeCompare(b.name));
});

/** Keeps what the server answered to a change; without an entry, that it is gone. */
export function remember(entryId: string, entry?: Entry): void {
  own.value = new Map(own.value).set(entryId, { entry, at: Date.now() });
}

let run = 0;

/** Fetches the whole list, page by page; what is there already stays until then. A later run makes an earlier one void. */
export async function loadEntries(): Promise<void> {
  const mine = ++run;
  listing.value = { state: "loading" };
  const fresh = Date.now() - LAG_MS;
  own.value = new Map([...own.value].filter(([, { at }]) => at > fresh));
  try {
    const found: Entry[] = [];
    let cursor: string | undefined;
    do {
      const page = await listEntries(cursor);
      if (mine !== run) return;
      found.push(...page.items);
      cursor = page.cursor;
    } while (cursor);
    listed.value = found;
    listing.value = { state: "ready" };
  } catch (error) {
    if (mine === run) listing.value = { state: "failed", error };
  }
}

/** The language that entries are in when nobody says otherwise: the desk's first. */
export const deskLanguage = (): string => config.value?.deskLanguages[0] ?? "en";

export const entryLanguages = (): string[] => [...new Set([...languageChoices(), deskLanguage()])];
