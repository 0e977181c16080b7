/** A digest's figures as the charts take them. */
import type { Count } from "./day.ts";
import type { Digest } from "./schema.ts";

/** So many bars of one chart; the rest are many and small. */
const MOST_BARS = 12;

/** Counts by name, the largest first. */
export const counted = (tally: readonly { name: string; count: number }[]): Count[] =>
  tally
    .map(({ name, count }) => ({ key: name, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.key.localeCompare(b.key))
    .slice(0, MOST_BARS);

/** From well to badly, which is the order to show them in. */
export const FEELINGS = ["positive", "neutral", "mixed", "negative"] as const;

/** The feelings that were found; nothing when no text was judged. */
export const feelings = (totals: Digest["sentiment"]["totals"]): Count[] =>
  FEELINGS.map((key) => ({ key, count: totals[key] })).filter(({ count }) => count > 0);

/** What cost anything, the dearest first. */
export const priced = (items: Digest["cost"]["items"]): Digest["cost"]["items"] =>
  items.filter(({ quantity }) => quantity > 0).toSorted((a, b) => b.amount - a.amount || a.name.localeCompare(b.name));
