/** Moments as people speak of them. */
import { useEffect, useState } from "preact/hooks";
import { locale } from "../i18n/index.ts";
import { moment, relative } from "../lib/format.ts";

/** The time, told anew every so often. */
export function useNow(every = 10_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** Does something every so often while the page is looked at. */
export function useEvery(milliseconds: number, act: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && act(), milliseconds);
    return () => clearInterval(timer);
  }, []);
}

/** "in 3 hours"; the moment itself is in its title. */
export function Relative({ at, now }: { at: string; now: number }) {
  return (
    <time dateTime={at} title={moment(at, locale.value)}>
      {relative(at, locale.value, now)}
    </time>
  );
}
