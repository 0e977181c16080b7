/** The figures of one day, from its reports. */
import type { Report } from "./schema.ts";
import { fate } from "./ticks.ts";

export interface Count {
  key: string;
  count: number;
}

export interface Day {
  messages: number;
  inbound: number;
  outbound: number;
  people: number;
  pictures: number;
  /** By hour of the reader's day, 0 to 23. */
  hours: { inbound: number[]; outbound: number[] };
  languages: Count[];
  channels: Count[];
  deliveries: Count[];
  failures: Count[];
  /** Milliseconds from the message to its report: the median, and what 95 of 100 stay below. */
  median: number | undefined;
  p95: number | undefined;
}

/** The UTC days that a day of the reader's touches: reports are kept by UTC day. */
export function utcDays(day: string): string[] {
  const [start, end] = bounds(day);
  return [...new Set([start, new Date(end.getTime() - 1)].map((date) => date.toISOString().slice(0, 10)))];
}

function bounds(day: string): [Date, Date] {
  const start = new Date(`${day}T00:00:00`);
  const end = new Date(start);
  end.setDate(end.getDate() + 1);
  return [start, end];
}

export function within(day: string, moment: string): boolean {
  const [start, end] = bounds(day);
  const time = Date.parse(moment);
  return time >= start.getTime() && time < end.getTime();
}

export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}

/** How often each key comes, the most frequent first. */
export function tally(keys: readonly string[]): Count[] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .map(([key, count]) => ({ key, count }))
    .sort((a, b) => b.count - a.count || a.key.localeCompare(b.key));
}

/** The figures of the reports; lines between operators are no messages here. */
export function summarise(reports: readonly Report[]): Day {
  const messages = reports.filter((report) => report.message.direction !== "internal");
  const inbound = messages.filter((report) => report.message.direction === "inbound");
  const outbound = messages.filter((report) => report.message.direction === "outbound");
  const waits = messages
    .map((report) => Date.parse(report.createdAt) - Date.parse(report.message.receivedAt))
    .filter((ms) => ms >= 0);
  return {
    messages: messages.length,
    inbound: inbound.length,
    outbound: outbound.length,
    people: new Set(inbound.map((report) => report.message.sender)).size,
    pictures: messages.reduce(
      (sum, report) => sum + report.pictures.filter((picture) => picture.kind === "picture").length,
      0,
    ),
    hours: { inbound: byHour(inbound), outbound: byHour(outbound) },
    languages: tally(inbound.map((report) => report.language.code)),
    channels: tally(inbound.map((report) => report.message.channel)),
    deliveries: tally(messages.map((report) => fate(report.reply, report.deliveries).tick)),
    failures: tally(messages.flatMap(failuresOf)),
    median: quantile(waits, 0.5),
    p95: quantile(waits, 0.95),
  };
}

function byHour(reports: readonly Report[]): number[] {
  const hours = new Array<number>(24).fill(0);
  for (const report of reports) {
    const hour = new Date(report.message.receivedAt).getHours();
    hours[hour] = (hours[hour] ?? 0) + 1;
  }
  return hours;
}

/** What went wrong with one message, as words: reasons of the provider, or `translation` and `picture` for steps of ours. */
function failuresOf(report: Report): string[] {
  const found: string[] = [];
  if (report.translations.some((translation) => translation.status === "failed")) found.push("translation");
  if (report.pictures.some((picture) => picture.kind === "failed")) found.push("picture");
  const { tick, reason } = fate(report.reply, report.deliveries);
  if (tick === "failed") found.push(reason ?? "failed");
  return found;
}
