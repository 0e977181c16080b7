/** A day in figures and charts, counted from its reports. */
import { useEffect, useState } from "preact/hooks";
import { listReports } from "../api.ts";
import { locale, maybe, t } from "../i18n/index.ts";
import { summarise, utcDays, within, type Day as Figures } from "../lib/day.ts";
import { addDays, contact, duration, isDay, languageName, localDay, longDay } from "../lib/format.ts";
import type { Report } from "../lib/schema.ts";
import { go } from "../router.ts";
import { Empty, Failure, Spinner, Title } from "../ui/basics.tsx";
import { Bars, Hours } from "../ui/charts.tsx";
import { Icon } from "../ui/icons.tsx";
import { tickName } from "../ui/Ticks.tsx";

interface Reading {
  reports: Report[];
  state: "reading" | "done" | "stopped" | "failed";
  error?: unknown;
}

/** Reads the pages of a day one after the other, and shows what is there on the way. */
async function read(day: string, signal: AbortSignal, show: (reading: Reading) => void): Promise<void> {
  let reports: Report[] = [];
  try {
    for (const utc of utcDays(day)) {
      let cursor: string | undefined;
      do {
        const page = await listReports(utc, cursor, signal);
        reports = [...reports, ...page.items.filter((report) => within(day, report.createdAt))];
        cursor = page.cursor;
        if (signal.aborted) return;
        show({ reports, state: "reading" });
      } while (cursor);
    }
    show({ reports, state: "done" });
  } catch (error) {
    if (!signal.aborted) show({ reports, state: "failed", error });
  }
}

export function Day({ day }: { day: string | undefined }) {
  const today = localDay(Date.now());
  const chosen = day ?? today;
  const valid = isDay(chosen);
  return (
    <main class="page" id="content">
      <header class="page-head">
        <Title>{valid ? longDay(chosen, locale.value) : t("day.title")}</Title>
        <div class="actions">
          {valid && chosen < today && (
            <a class="button" href={`#/digest/${chosen}`}>
              <Icon name="digest" />
              {t("digest.one")}
            </a>
          )}
          <DayChooser day={valid ? chosen : today} page="day" />
        </div>
      </header>
      {valid ? <Charts key={chosen} day={chosen} /> : <Failure text={t("day.badDay")} />}
    </main>
  );
}

export function DayChooser({ day, page }: { day: string; page: "day" | "pictures" | "digest" }) {
  const today = localDay(Date.now());
  return (
    <div class="day-chooser">
      <a class="button icon-only" href={`#/${page}/${addDays(day, -1)}`} aria-label={t("day.previous")}>
        <Icon name="back" />
      </a>
      <label class="hidden" for="day">
        {t("day.date")}
      </label>
      <input
        id="day"
        type="date"
        value={day}
        max={today}
        onChange={(event) => isDay(event.currentTarget.value) && go(`/${page}/${event.currentTarget.value}`)}
      />
      {day < today ? (
        <a class="button icon-only" href={`#/${page}/${addDays(day, 1)}`} aria-label={t("day.next")}>
          <Icon name="forward" />
        </a>
      ) : (
        <span class="button icon-only disabled" aria-hidden="true">
          <Icon name="forward" />
        </span>
      )}
    </div>
  );
}

function Charts({ day }: { day: string }) {
  const [reading, setReading] = useState<Reading>({ reports: [], state: "reading" });
  const [attempt, setAttempt] = useState(0);
  const [control, setControl] = useState<AbortController>();
  useEffect(() => {
    const controller = new AbortController();
    setControl(controller);
    setReading({ reports: [], state: "reading" });
    void read(day, controller.signal, setReading);
    return () => controller.abort();
  }, [day, attempt]);
  const { reports, state, error } = reading;
  const stop = () => {
    control?.abort();
    setReading({ reports, state: "stopped" });
  };
  const figures = summarise(reports);
  if (state === "done" && !figures.messages)
    return <Empty icon="chart" title={t("day.empty")} hint={t("day.emptyHint")} />;
  return (
    <>
      {state === "failed" && <Failure error={error} retry={() => setAttempt(attempt + 1)} />}
      {state === "reading" && (
        <div class="progress">
          <Spinner label={t("day.progress", { count: reports.length })} />
          <button type="button" class="button quiet" onClick={stop}>
            {t("day.stop")}
          </button>
        </div>
      )}
      {state === "stopped" && <p class="banner warn">{t("day.stopped")}</p>}
      {figures.messages > 0 && <Shown figures={figures} />}
    </>
  );
}

interface FigureProps {
  label: string;
  value: string;
  hint?: string | undefined;
  /** The value is words and wants smaller letters. */
  words?: boolean;
}

export function Figure({ label, value, hint, words }: FigureProps) {
  return (
    <div class={`figure card ${words ? "words-figure" : ""}`}>
      <dt>{label}</dt>
      <dd>
        {value}
        {hint && <span class="muted small">{hint}</span>}
      </dd>
    </div>
  );
}

const TONES: Record<string, string> = {
  failed: "series-bad",
  unknown: "series-warn",
  suppressed: "series-warn",
  delivered: "series-ok",
  read: "series-ok",
};

function Shown({ figures }: { figures: Figures }) {
  const reader = locale.value;
  const number = new Intl.NumberFormat(reader);
  const time = (ms: number | undefined) => (ms === undefined ? "–" : duration(ms, reader));
  return (
    <div data-testid="day">
      <dl class="figures">
        <Figure label={t("day.inbound")} value={number.format(figures.inbound)} />
        <Figure label={t("day.outbound")} value={number.format(figures.outbound)} />
        <Figure label={t("day.people")} value={number.format(figures.people)} />
        <Figure label={t("day.pictures")} value={number.format(figures.pictures)} />
        <Figure
          label={t("day.median")}
          value={time(figures.median)}
          hint={t("day.medianHint", { p95: time(figures.p95) })}
        />
      </dl>
      <Hours
        title={t("day.hours")}
        series={[
          { name: t("day.inbound"), values: figures.hours.inbound, style: "series-a" },
          { name: t("day.outbound"), values: figures.hours.outbound, style: "series-b" },
        ]}
      />
      <div class="chart-grid">
        <Bars
          title={t("day.languages")}
          counts={figures.languages}
          name={(key) => languageName(key, reader) || t("day.unknownLanguage")}
          testid="chart-languages"
        />
        <Bars
          title={t("day.delivery")}
          counts={figures.deliveries}
          name={tickName}
          tone={(key) => TONES[key] ?? "series-a"}
          testid="chart-delivery"
        />
        <Bars
          title={t("day.channels")}
          counts={figures.channels}
          name={(key) => contact(`${key}:`).channel}
          testid="chart-channels"
        />
        <Bars
          title={t("day.failures")}
          counts={figures.failures}
          name={(key) => maybe(`day.failure.${key}`) ?? key}
          empty={t("day.noFailures")}
          tone={() => "series-bad"}
          testid="chart-failures"
        />
      </div>
    </div>
  );
}
