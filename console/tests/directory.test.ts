import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, guard, parseCsv, unguard, writeCsv } from "../src/lib/csv.ts";
import {
  differing,
  draftOf,
  emptyDraft,
  faultsOf,
  isMadeOf,
  keywordsOf,
  readTable,
  requestOf,
  search,
  writeTable,
} from "../src/lib/directory.ts";
import type { Entry } from "../src/lib/schema.ts";

const LANGUAGES = ["en", "es", "pt"];

const ENTRY: Entry = {
  entryId: "e0123456789abcdef",
  name: 'Clinic "Río", east',
  keywords: ["clinic", "health centre"],
  phone: "+1 202 555 0110",
  address: "12 Bridge Street",
  hours: "Mon to Fri\n8 to 18",
  text: "=HYPERLINK(1)",
  language: "en",
  link: "https://clinic.example.org/?a=1,2",
  version: 3,
};

const csvCases: [string, string, string[][]][] = [
  [
    "commas",
    "a,b\n1,2\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "semicolons",
    "a;b\n1;2,5",
    [
      ["a", "b"],
      ["1", "2,5"],
    ],
  ],
  [
    "tabs",
    "a\tb\n1\t2",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "commas inside of quotes in the heading",
    '"a,b,c";d\n1;2',
    [
      ["a,b,c", "d"],
      ["1", "2"],
    ],
  ],
  [
    "a byte order mark",
    "\uFEFFa,b\r\n1,2\r\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  ["a byte order mark before a quote", '\uFEFF"a",b', [["a", "b"]]],
  [
    "quotes, separators and line breaks inside of quotes",
    'a,b\r\n"1, ""one""\r\nline",2',
    [
      ["a", "b"],
      ['1, "one"\r\nline', "2"],
    ],
  ],
  ["old line ends", "a\rb\r", [["a"], ["b"]]],
  ["empty cells and rows", "a,b\n,\n\n1,", [["a", "b"], ["", ""], [""], ["1", ""]]],
  ["an empty quoted cell", '"",b', [["", "b"]]],
  ["words after a closing quote", 'a\n"b"c', [["a"], ["bc"]]],
  ["a quote in the middle of a cell", 'a\nsix 6" pipes', [["a"], ['six 6" pipes']]],
  [
    "a quote that is never closed",
    'a,b\n1,"2\n3',
    [
      ["a", "b"],
      ["1", "2\n3"],
    ],
  ],
  ["nothing", "", []],
];
for (const [what, text, rows] of csvCases) test(`parseCsv reads ${what}`, () => assert.deepEqual(parseCsv(text), rows));

test("parseCsv reads a large table in no time", () => {
  const text = `a,b\n${'"x ""y"", z",1\n'.repeat(50_000)}`;
  assert.equal(parseCsv(text).length, 50_001);
  assert.equal(parseCsv(`a,b\n"${"x,".repeat(500_000)}`).length, 2);
});

for (const cell of ["=1+1", "+12025550110", "-2", "@SUM(A1)", "\tx", "\rx", "'=1", "''+1"])
  test(`a cell that spreadsheets would calculate is made text and comes back: ${JSON.stringify(cell)}`, () => {
    assert.match(guard(cell), /^'/);
    assert.equal(unguard(guard(cell)), cell);
    assert.deepEqual(parseCsv(writeCsv([["a"], [cell]])), [["a"], [cell]]);
  });

for (const cell of ["", "Clinic", "'quoted'", "a=b", "1-2", "O'Hara"])
  test(`a harmless cell stays as it is: ${JSON.stringify(cell)}`, () => {
    assert.equal(guard(cell), cell);
    assert.equal(unguard(cell), cell);
  });

test("decode reads UTF-8, UTF-16 and what Windows writes otherwise", () => {
  const bytes = (...values: number[]) => new Uint8Array(values);
  assert.equal(decode(new TextEncoder().encode("\uFEFFclínica")).replace("\uFEFF", ""), "clínica");
  assert.equal(decode(bytes(0xff, 0xfe, 0x61, 0, 0xed, 0)), "aí");
  assert.equal(decode(bytes(0x63, 0xed, 0x80)), "cí€");
});

test("a table that was written is read back as it was", () => {
  const text = writeTable([ENTRY, { ...ENTRY, entryId: "e1111111111111111", phone: undefined, text: undefined }]);
  assert.ok(text.startsWith("\uFEFFname,keywords,phone,address,hours,text,language,link,entryId,version\r\n"));
  assert.ok(text.includes("'=HYPERLINK(1)"));
  const { rows, bad, missing, ignored } = readTable(text, LANGUAGES, "en");
  assert.deepEqual([bad, missing, ignored], [[], [], []]);
  assert.deepEqual(rows[0], {
    row: 2,
    entryId: ENTRY.entryId,
    version: ENTRY.version,
    entry: requestOf(draftOf(ENTRY)),
  });
  assert.equal("phone" in (rows[1]?.entry ?? {}), false);
});

test("readTable names row, field and reason of what is bad, and keeps the rest", () => {
  const lines = [
    "Name;KEYWORDS;language;entryId;colour",
    "Food bank;food;;;red",
    "",
    ";food;xx;;",
    "Clinic;;es;e12;",
    "One;one;;e0123456789abcdef;",
    "Two;two;;e0123456789abcdef;",
    "Three;three;;;;;more",
  ];
  const table = readTable(lines.join("\r\n"), LANGUAGES, "en");
  assert.deepEqual(table.ignored, ["colour"]);
  assert.deepEqual(
    table.rows.map(({ row, entry }) => [row, entry.name, entry.language]),
    [
      [2, "Food bank", "en"],
      [6, "One", "en"],
    ],
  );
  assert.deepEqual(
    table.bad.map(({ row, field, code }) => [row, field, code]),
    [
      [4, "name", "required"],
      [4, "language", "language"],
      [5, "keywords", "required"],
      [5, "entryId", "entryId"],
      [7, "entryId", "twice"],
      [8, "name", "cells"],
    ],
  );
});

test("readTable knows which version a row was made from, and that a new entry has none", () => {
  const lines = [`entryId,version,name,keywords`, `${ENTRY.entryId},7,A,a`, ",7,B,b", `e${"1".repeat(16)},v7,C,c`];
  const { rows, bad } = readTable(lines.join("\n"), LANGUAGES, "en");
  assert.deepEqual(
    rows.map(({ entryId, version }) => [entryId, version]),
    [
      [ENTRY.entryId, 7],
      ["", undefined],
    ],
  );
  assert.deepEqual(
    bad.map(({ row, field, code }) => [row, field, code]),
    [[4, "version", "version"]],
  );
});

test("readTable takes commas between keywords where there are no semicolons", () => {
  const { rows } = readTable('name,keywords\nA,"a1, b1"\nB,"c; d, e"', LANGUAGES, "en");
  assert.deepEqual(
    rows.map(({ entry }) => entry.keywords),
    [
      ["a1", "b1"],
      ["c", "d, e"],
    ],
  );
});

test("readTable wants the columns that every entry needs", () => {
  assert.deepEqual(readTable("name,phone\nA,1", LANGUAGES, "en").missing, ["keywords"]);
  assert.deepEqual(readTable("", LANGUAGES, "en").missing, ["name", "keywords"]);
});

const draft = { ...emptyDraft("en"), name: "A", keywords: "a" };
const faultCases: [string, Partial<typeof draft>, string[]][] = [
  ["nothing amiss", {}, []],
  ["no name", { name: "  " }, ["name required"]],
  ["a long name", { name: "x".repeat(81) }, ["name tooLong"]],
  ["a name of 80 characters outside of the basic plane", { name: "😀".repeat(80) }, []],
  ["too many keywords", { keywords: Array.from({ length: 21 }, (_, at) => `k${at}`).join(",") }, ["keywords tooMany"]],
  ["a keyword of four words", { keywords: "where people sleep nights outside" }, ["keywords keywordWords"]],
  ["a keyword of three words and common ones", { keywords: "acta de nacimiento" }, []],
  ["a keyword without letters", { keywords: "a; !?" }, ["keywords keywordEmpty"]],
  ["a long keyword", { keywords: "x".repeat(61) }, ["keywords keywordLong"]],
  ["a link that is no https", { link: "http://a.example" }, ["link link"]],
  ["a link that is a script", { link: "javascript:alert(1)" }, ["link link"]],
  ["an unknown language", { language: "xx" }, ["language language"]],
];
for (const [what, some, faults] of faultCases)
  test(`faultsOf finds ${what}`, () =>
    assert.deepEqual(
      faultsOf(requestOf({ ...draft, ...some }), LANGUAGES).map(({ field, code }) => `${field} ${code}`),
      faults,
    ));

test("keywordsOf parts, trims and drops what is there twice", () =>
  assert.deepEqual(keywordsOf(" clinic ;Clinic, health  centre\ndoctor;"), ["clinic", "health centre", "doctor"]));

test("isMadeOf knows an entry by its request, of whose keywords it may have fewer", () => {
  const request = requestOf(draftOf(ENTRY));
  assert.equal(isMadeOf(ENTRY, { ...request, keywords: [...request.keywords, "one more"] }), true);
  assert.equal(isMadeOf(ENTRY, { ...request, keywords: ["another"] }), false);
  assert.equal(isMadeOf(ENTRY, { ...request, name: "Another" }), false);
});

test("differing names the fields that differ, not how keywords are spaced", () => {
  assert.deepEqual(differing(draft, { ...draft, keywords: " a ;", phone: "1", name: "A " }), ["phone"]);
});

test("search wants all words, without accents and case", () => {
  const other = { ...ENTRY, entryId: "e2", name: "Farmacia", keywords: ["pharmacy"] };
  const found = (wanted: string) => search([ENTRY, other], wanted).map(({ name }) => name);
  assert.deepEqual(found("RIO clinic"), [ENTRY.name]);
  assert.deepEqual(found("bridge farmacía"), ["Farmacia"]);
  assert.deepEqual(found(" "), [ENTRY.name, "Farmacia"]);
  assert.deepEqual(found("nothing"), []);
});
