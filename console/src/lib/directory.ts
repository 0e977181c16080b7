/** Entries of the directory as they are written down: in a form, or in the rows of a table. */
import { parseCsv, writeCsv } from "./csv.ts";
import type { Entry } from "./schema.ts";

/** The fields that somebody fills in, in the order of the table's columns. */
export const FIELDS = ["name", "keywords", "phone", "address", "hours", "text", "language", "link"] as const;
export type Field = (typeof FIELDS)[number];
const COLUMNS = [...FIELDS, "entryId", "version"] as const;
export type Column = (typeof COLUMNS)[number];

/** The most characters that a field takes. */
export const LONGEST = { name: 80, phone: 40, address: 160, hours: 160, text: 400, link: 200 } as const;
export const MOST_KEYWORDS = 20;
const LONGEST_KEYWORD = 60;
const MOST_WORDS = 3;

/** A form's content: every field as text, keywords with semicolons between them. */
export type Draft = Record<Field, string>;

/** What an entry is made of, without what the server adds to it. */
export type EntryRequest = Pick<Entry, "name" | "keywords" | "language"> &
  Partial<Pick<Entry, "phone" | "address" | "hours" | "text" | "link">>;

export type FaultCode =
  | "required"
  | "tooLong"
  | "tooMany"
  | "keywordLong"
  | "keywordWords"
  | "keywordEmpty"
  | "link"
  | "language"
  | "entryId"
  | "version"
  | "twice"
  | "cells";
export interface Fault {
  field: Column;
  code: FaultCode;
  values?: Record<string, string | number>;
}

export const emptyDraft = (language: string): Draft => ({
  name: "",
  keywords: "",
  phone: "",
  address: "",
  hours: "",
  text: "",
  language,
  link: "",
});

export const draftOf = (entry: EntryRequest): Draft => ({
  name: entry.name,
  keywords: entry.keywords.join("; "),
  phone: entry.phone ?? "",
  address: entry.address ?? "",
  hours: entry.hours ?? "",
  text: entry.text ?? "",
  language: entry.language,
  link: entry.link ?? "",
});

/** Characters as the server counts them: one for an emoji, too. */
export const lengthOf = (text: string): number => [...text.trim()].length;

/** Keywords of a line: those with semicolons or line breaks between them, in a form with commas too; each one once. */
export function keywordsOf(line: string, separator: RegExp = /[;,\n]/): string[] {
  const all = line.split(separator).map((keyword) => keyword.trim().replace(/\s+/g, " "));
  const known = new Map<string, string>();
  for (const keyword of all.filter(Boolean))
    if (!known.has(keyword.toLowerCase())) known.set(keyword.toLowerCase(), keyword);
  return [...known.values()];
}

export function requestOf(draft: Draft, separator?: RegExp): EntryRequest {
  const { name, keywords, language, ...others } = draft;
  const given = Object.entries(others).flatMap(([field, value]) => (value.trim() ? [[field, value.trim()]] : []));
  return { name: name.trim(), keywords: keywordsOf(keywords, separator), language, ...Object.fromEntries(given) };
}

/** Words as the look-up sees them: punctuation parts them. */
const words = (keyword: string): string[] => keyword.split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean);

/** Common words do not count, and those are the server's to know: here only long ones are sure to be none. */
const longWords = (keyword: string): number => words(keyword).filter((word) => word.length > 4).length;

function keywordFaults(keywords: readonly string[]): Fault[] {
  const field = "keywords";
  if (!keywords.length) return [{ field, code: "required" }];
  if (keywords.length > MOST_KEYWORDS) return [{ field, code: "tooMany", values: { max: MOST_KEYWORDS } }];
  for (const keyword of keywords) {
    if (!words(keyword).length) return [{ field, code: "keywordEmpty", values: { keyword } }];
    if (longWords(keyword) > MOST_WORDS) return [{ field, code: "keywordWords", values: { keyword } }];
    if (lengthOf(keyword) > LONGEST_KEYWORD)
      return [{ field, code: "keywordLong", values: { keyword, max: LONGEST_KEYWORD } }];
  }
  return [];
}

function isLink(text: string): boolean {
  try {
    const { protocol, hostname } = new URL(text);
    return protocol === "https:" && hostname !== "" && !/\s/.test(text);
  } catch {
    return false;
  }
}

/** What is wrong with an entry, at most one thing a field. */
export function faultsOf(entry: EntryRequest, languages: readonly string[]): Fault[] {
  const faults: Fault[] = entry.name ? [] : [{ field: "name", code: "required" }];
  faults.push(...keywordFaults(entry.keywords));
  for (const [field, max] of Object.entries(LONGEST) as [keyof typeof LONGEST, number][])
    if (lengthOf(entry[field] ?? "") > max) faults.push({ field, code: "tooLong", values: { max } });
  if (!languages.includes(entry.language)) faults.push({ field: "language", code: "language" });
  if (entry.link && !isLink(entry.link)) faults.push({ field: "link", code: "link" });
  return faults;
}

/** The fields in which two drafts differ. */
export const differing = (a: Draft, b: Draft): Field[] => {
  const same = (field: Field) =>
    field === "keywords"
      ? keywordsOf(a.keywords).join(";") === keywordsOf(b.keywords).join(";")
      : a[field].trim() === b[field].trim();
  return FIELDS.filter((field) => !same(field));
};

/** Whether an entry may be what the server made of a request before: of keywords that mean the same it keeps one. */
export const isMadeOf = (entry: Entry, request: EntryRequest): boolean =>
  entry.keywords.every((keyword) => request.keywords.includes(keyword)) &&
  !differing(draftOf(entry), draftOf({ ...request, keywords: entry.keywords })).length;

const fold = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** The entries that have all the words of a search somewhere. */
export function search(entries: readonly Entry[], wanted: string): Entry[] {
  const parts = fold(wanted).split(/\s+/).filter(Boolean);
  if (!parts.length) return [...entries];
  return entries.filter((entry) => {
    const all = fold(Object.values(draftOf(entry)).join("\n"));
    return parts.every((part) => all.includes(part));
  });
}

export interface Row {
  /** As a spreadsheet counts; the heading is row 1. */
  row: number;
  /** Empty for a new entry. */
  entryId: string;
  /** Which version of the entry the row was made from, where it says so. */
  version?: number;
  entry: EntryRequest;
}

export interface Table {
  rows: Row[];
  bad: (Fault & { row: number })[];
  /** Columns that must be there and are not. With any, there are no rows. */
  missing: Column[];
  /** Headings that mean nothing to us. */
  ignored: string[];
}

/** A table's entries, and what is wrong with the others. */
export function readTable(text: string, languages: readonly string[], language: string): Table {
  const [heading = [], ...lines] = parseCsv(text);
  const names = heading.map((name) => name.trim());
  const columns = names.map((name) => COLUMNS.find((column) => column.toLowerCase() === name.toLowerCase()));
  const missing = (["name", "keywords"] as const).filter((column) => !columns.includes(column));
  const table: Table = { rows: [], bad: [], missing, ignored: names.filter((name, at) => name && !columns[at]) };
  if (missing.length) return table;
  const known = new Set<string>();
  for (const [at, cells] of lines.entries()) {
    if (!cells.some((cell) => cell.trim())) continue;
    const { row, faults } = readRow(at + 2, columns, cells, languages, language);
    if (row.entryId && known.has(row.entryId)) faults.push({ field: "entryId", code: "twice" });
    known.add(row.entryId);
    if (faults.length) table.bad.push(...faults.map((fault) => ({ ...fault, row: row.row })));
    else table.rows.push(row);
  }
  return table;
}

function readRow(
  number: number,
  columns: readonly (Column | undefined)[],
  cells: readonly string[],
  languages: readonly string[],
  language: string,
): { row: Row; faults: Fault[] } {
  const value = (column: Column) => cells[columns.indexOf(column)]?.trim() ?? "";
  const draft = Object.fromEntries(FIELDS.map((field) => [field, value(field)])) as Draft;
  // With commas between them they are meant as several all the same: as one keyword they would never be found.
  const separator = draft.keywords.includes(";") ? /[;\n]/ : /[,\n]/;
  const entry = requestOf({ ...draft, language: draft.language || language }, separator);
  const entryId = value("entryId");
  // Of a row that was copied to make a new entry of it, the version is left over.
  const version = entryId ? value("version") : "";
  const row: Row = { row: number, entryId, ...(version ? { version: Number(version) } : {}), entry };
  const faults = faultsOf(entry, languages);
  if (row.entryId && !/^e[0-9a-f]{16}$/.test(row.entryId)) faults.push({ field: "entryId", code: "entryId" });
  if (version && !/^[1-9][0-9]{0,8}$/.test(version)) faults.push({ field: "version", code: "version" });
  // More cells than headings: a separator inside of words that nobody put in quotes.
  if (cells.slice(columns.length).some((cell) => cell.trim())) faults.push({ field: "name", code: "cells" });
  return { row, faults };
}

export const writeTable = (entries: readonly Entry[]): string =>
  writeCsv([
    COLUMNS,
    ...entries.map((entry) => [...FIELDS.map((field) => draftOf(entry)[field]), entry.entryId, String(entry.version)]),
  ]);
