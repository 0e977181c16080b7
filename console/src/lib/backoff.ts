/**
 * Milliseconds to wait before trying again, the attempt counted from 0: up to 2 s, 4 s, 8 s … 30 s, and by chance as little as a
 * quarter of that, so that the consoles of a desk do not all come back in the same moment.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(30_000, 2_000 * 2 ** Math.min(attempt, 4));
  return Math.round(ceiling * (0.25 + 0.75 * random()));
}
