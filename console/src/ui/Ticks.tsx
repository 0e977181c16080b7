import { maybe, t } from "../i18n/index.ts";
import type { Fate } from "../lib/ticks.ts";
import { Icon, type IconName } from "./icons.tsx";

const ICONS: Record<Fate["tick"], IconName> = {
  pending: "clock",
  sent: "check",
  delivered: "checks",
  read: "checks",
  failed: "warning",
  suppressed: "blocked",
  unknown: "help",
  none: "clock",
};

export const tickName = (tick: string): string => maybe(`ticks.${tick}`) ?? tick;

/** How far words have come on their way to the phone. */
export function Ticks({ fate, onRetry }: { fate: Fate; onRetry?: (() => void) | undefined }) {
  return (
    <span class={`ticks ${fate.tick}`} data-testid="ticks" data-status={fate.tick}>
      <Icon name={ICONS[fate.tick]} />
      <span>{tickName(fate.tick)}</span>
      {fate.parts > 1 && <span class="muted">· {t("ticks.parts", { count: fate.parts })}</span>}
      {fate.reason && <span class="reason">· {fate.reason}</span>}
      {fate.retry && onRetry && (
        <button type="button" class="button tiny" onClick={onRetry} data-testid="retry">
          {t("ticks.again")}
        </button>
      )}
    </span>
  );
}
