/** Times, languages and addresses as people write them. */
const names = new Map<string, Intl.DisplayNames>();

/** A language's name in the reader's language; the code itself when nobody knows it. */
export function languageName(code: string, reader: string): string {
  if (!code || code === "und") return "";
  let display = names.get(reader);
  if (!display) names.set(reader, (display = new Intl.DisplayNames([reader, "en"], { type: "language" })));
  try {
    return display.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The value for a lang attribute: nothing when the language is unknown. */
export const langOf = (code: string | undefined): string | undefined => (code && code !== "und" ? code : undefined);

export const sameLanguage = (a: string, b: string): boolean => a.split("-")[0] === b.split("-")[0];

export interface Contact {
  channel: string;
  name: string;
}

const CHANNELS: Record<string, string> = {
  sms: "SMS",
  mms: "MMS",
  whatsapp: "WhatsApp",
  rcs: "RCS",
  console: "Console",
  room: "Room",
};

/** `sms:+12025550100` as its channel's name and a number in groups. */
export function contact(address: string): Contact {
  const colon = address.indexOf(":");
  const [channel, value] = colon < 0 ? ["", address] : [address.slice(0, colon), address.slice(colon + 1)];
  return { channel: CHANNELS[channel] ?? channel, name: phone(value) };
}

/** North American numbers in their usual groups; others as they are, because where their country code ends is not ours to guess. */
export function phone(value: string): string {
  const match = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(value);
  return match ? `+1 ${match[1]} ${match[2]} ${match[3]}` : value;
}

const day = (date: Date): string =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;

/** The day of a moment where the reader is: 2026-11-21. */
export const localDay = (moment: string | number | Date): string => day(new Date(moment));

export const isDay = (value: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(value) &&
  !Number.isNaN(Date.parse(`${value}T00:00:00Z`)) &&
  localDay(`${value}T12:00:00`) === value;

/** The day so many days after. */
export function addDays(value: string, days: number): string {
  const date = new Date(`${value}T12:00:00`);
  date.setDate(date.getDate() + days);
  return day(date);
}

export const clock = (moment: string, reader: string): string =>
  new Intl.DateTimeFormat(reader, { timeStyle: "short" }).format(new Date(moment));

export const longDay = (value: string, reader: string): string =>
  new Intl.DateTimeFormat(reader, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(
    new Date(`${value}T12:00:00`),
  );

export const moment = (value: string, reader: string): string =>
  new Intl.DateTimeFormat(reader, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(value));

/** For a list: the time today, otherwise the date. */
export function shortTime(value: string, reader: string, now: Date = new Date()): string {
  if (localDay(value) === day(now)) return clock(value, reader);
  const sameYear = new Date(value).getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(reader, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "2-digit" }),
  }).format(new Date(value));
}

/** 240 ms, 1.5 s, 2 min 5 s. */
export function duration(ms: number, reader: string): string {
  const number = (value: number, digits: number) =>
    new Intl.NumberFormat(reader, { maximumFractionDigits: digits }).format(value);
  if (ms < 1_000) return `${number(ms, 0)} ms`;
  if (ms < 60_000) return `${number(ms / 1_000, 1)} s`;
  return `${number(Math.floor(ms / 60_000), 0)} min ${number(Math.round((ms % 60_000) / 1_000), 0)} s`;
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** From now on or back: "in 3 hours", "2 days ago". */
export function relative(moment: string, reader: string, now: number): string {
  const seconds = (Date.parse(moment) - now) / 1_000;
  // "80 minutes" says more than "1 hour", but nobody counts 30 hours.
  const least = (unit: string, size: number) => (unit === "day" ? size : size * 1.5);
  const [unit, size] = UNITS.find(([name, each]) => Math.abs(seconds) >= least(name, each)) ?? UNITS[3];
  // "Yesterday" is a day of the calendar, which so many hours are not; "now" is what it says.
  const numeric = unit === "second" ? "auto" : "always";
  return new Intl.RelativeTimeFormat(reader, { numeric }).format(Math.round(seconds / size), unit);
}

/** A length of time in words, in its two largest units: "2 hours, 5 minutes". */
export function spelled(seconds: number, reader: string): string {
  let left = Math.max(0, Math.round(seconds));
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || (unit === "second" && !words.length))
      words.push(new Intl.NumberFormat(reader, { style: "unit", unit, unitDisplay: "long" }).format(count));
    else if (words.length) break;
  }
  return new Intl.ListFormat(reader, { type: "unit" }).format(words.slice(0, 2));
}

/** An amount of money; small ones with as many digits as it takes to see them. */
export function money(amount: number, currency: string, reader: string): string {
  const maximumFractionDigits = amount >= 1 ? 2 : amount >= 0.01 ? 4 : 6;
  return new Intl.NumberFormat(reader, { style: "currency", currency, maximumFractionDigits }).format(amount);
}

/** The price of one: prices go far below a cent. */
export const price = (amount: number, currency: string, reader: string): string =>
  new Intl.NumberFormat(reader, { style: "currency", currency, maximumFractionDigits: 10 }).format(amount);

export const bytes = (size: number, reader: string): string =>
  size < 1_000_000
    ? `${new Intl.NumberFormat(reader, { maximumFractionDigits: 0 }).format(Math.max(1, size / 1_000))} KB`
    : `${new Intl.NumberFormat(reader, { maximumFractionDigits: 1 }).format(size / 1_000_000)} MB`;
