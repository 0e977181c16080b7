/** Tables as spreadsheets write them (RFC 4180, and what spreadsheets make of it). */

// What a spreadsheet would take for a formula. An apostrophe before it makes it text; reading takes it off again.
const FORMULA = /^'*[=+\-@\t\r]/;
const GUARDED = /^'+[=+\-@\t\r]/;

export const guard = (cell: string): string => (FORMULA.test(cell) ? `'${cell}` : cell);
export const unguard = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

/** A file's text: with or without a byte order mark, and in Windows' own encoding when it is no UTF-8. */
export function decode(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** What separates the cells: the one that stands most often in the first row, outside of quotes. */
function separatorOf(text: string): string {
  const bare = text.replace(/"(?:[^"]|"")*"?/g, "");
  const first = bare.split(/[\r\n]/, 1)[0] ?? "";
  const count = (separator: string) => first.split(separator).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
}

/**
 * The rows of a table, each row's cells as text. Rows without anything are there too, so that a row's place is the one that a
 * spreadsheet shows. A quote that is never closed takes the rest of the text.
 */
export function parseCsv(text: string): string[][] {
  const plain = text.replace(/^\uFEFF/, "");
  const separator = separatorOf(plain);
  const rows: string[][] = [];
  let row: string[] = [];
  // A cell in quotes, or one up to the next separator or line break; then what ended it.
  const cell = new RegExp(`(?:"((?:[^"]|"")*)(?:"|$))?([^${separator}\\r\\n]*)(${separator}|\\r\\n|\\r|\\n|$)`, "y");
  while (cell.lastIndex < plain.length) {
    const [, quoted = "", rest = "", end = ""] = cell.exec(plain) ?? [];
    row.push(unguard(quoted.replaceAll('""', '"') + rest));
    if (end === separator) {
      if (cell.lastIndex === plain.length) row.push("");
      else continue;
    }
    rows.push(row);
    row = [];
  }
  if (row.length) rows.push(row);
  return rows;
}

const quote = (cell: string): string => (/[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** A table that spreadsheets read as it is meant: with a byte order mark, and no cell that they would calculate. */
export const writeCsv = (rows: readonly (readonly string[])[]): string =>
  `\uFEFF${rows.map((row) => row.map((cell) => quote(guard(cell))).join(",")).join("\r\n")}\r\n`;
