/** Charts as drawings with real text, each of them also as a table. */
import { type ComponentChildren } from "preact";
import { t, locale } from "../i18n/index.ts";
import type { Count } from "../lib/day.ts";

const number = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

interface ChartProps {
  title: string;
  summary?: string;
  columns: string[];
  rows: (string | number)[][];
  children: ComponentChildren;
  testid: string;
}

function Chart({ title, summary, columns, rows, children, testid }: ChartProps) {
  return (
    <figure class="chart card" data-testid={testid}>
      <figcaption>
        <h2>{title}</h2>
        {summary && <p class="muted small">{summary}</p>}
      </figcaption>
      {children}
      <details>
        <summary>{t("day.table")}</summary>
        <div class="table-wrap">
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th scope="col" key={column}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([head, ...cells]) => (
                <tr key={head}>
                  <th scope="row">{head}</th>
                  {cells.map((cell, index) => (
                    <td key={index}>{typeof cell === "number" ? number(cell) : cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

const [HIGH, BASE, AXIS] = [210, 174, 48];
/** The drawing's width in its own units: about as many as pixels, so that its words keep their size on a phone. */
const width = (): number => (matchMedia("(max-width: 760px)").matches ? 400 : 960);

interface HoursProps {
  title: string;
  series: { name: string; values: number[]; style: string }[];
}

/** One series, or two stacked ones, over the hours of a day. */
export function Hours({ title, series }: HoursProps) {
  const totals = Array.from({ length: 24 }, (_, hour) => series.reduce((sum, one) => sum + (one.values[hour] ?? 0), 0));
  const top = niceTop(Math.max(...totals));
  const busiest = totals.indexOf(Math.max(...totals));
  const summary = t("day.hoursSummary", { hour: busiest, next: busiest + 1, count: totals[busiest] ?? 0 });
  const rows = totals.map((_, hour) => [`${hour}:00`, ...series.map((one) => one.values[hour] ?? 0)]);
  return (
    <Chart
      title={title}
      summary={summary}
      columns={[t("day.hour"), ...series.map((one) => one.name)]}
      rows={rows}
      testid="chart-hours"
    >
      {series.length > 1 && (
        <ul class="legend" aria-hidden="true">
          {series.map(({ name, style }) => (
            <li key={name}>
              <span class={`swatch ${style}`} />
              {name}
            </li>
          ))}
        </ul>
      )}
      <svg class="drawing" viewBox={`0 0 ${width()} ${HIGH}`} role="img" aria-label={`${title}. ${summary}`}>
        {[0, top / 2, top].map((value) => (
          <Line key={value} value={value} top={top} />
        ))}
        {totals.map((_, hour) => (
          <Bar key={hour} hour={hour} top={top} series={series} />
        ))}
      </svg>
    </Chart>
  );
}

const y = (value: number, top: number): number => BASE - (value / top) * (BASE - 12);

function Line({ value, top }: { value: number; top: number }) {
  return (
    <>
      <line class="grid" x1={AXIS} x2={width()} y1={y(value, top)} y2={y(value, top)} />
      <text class="tick" x={AXIS - 6} y={y(value, top) + 5} text-anchor="end">
        {number(value)}
      </text>
    </>
  );
}

function Bar({ hour, top, series }: { hour: number; top: number; series: HoursProps["series"] }) {
  const step = (width() - AXIS) / 24;
  const left = AXIS + hour * step;
  let sum = 0;
  return (
    <g>
      {series.map(({ name, values, style }) => {
        const value = values[hour] ?? 0;
        const from = y(sum, top);
        sum += value;
        const to = y(sum, top);
        return (
          value > 0 && (
            <rect key={name} class={style} x={left + step / 10} y={to} width={step * 0.8} height={from - to}>
              <title>{`${hour}:00 · ${name}: ${value}`}</title>
            </rect>
          )
        );
      })}
      {hour % 3 === 0 && (
        <text class="tick" x={left + step / 2} y={BASE + 26} text-anchor="middle">
          {hour}
        </text>
      )}
    </g>
  );
}

/** The next of 2, 4, 10, 20, 40, 100 …: a scale whose half is a whole number. */
export function niceTop(value: number): number {
  for (let unit = 1; ; unit *= 10) for (const factor of [2, 4, 10]) if (factor * unit >= value) return factor * unit;
}

interface BarsProps {
  title: string;
  counts: readonly Count[];
  name: (key: string) => string;
  testid: string;
  empty?: string;
  summary?: string;
  tone?: (key: string) => string;
}

/** A bar for each of a few things, the largest first. */
export function Bars({ title, counts, name, testid, empty, summary, tone = () => "series-a" }: BarsProps) {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const rows = counts.map(({ key, count }) => [name(key), count]);
  if (!counts.length)
    return (
      <section class="chart card" data-testid={testid}>
        <h2>{title}</h2>
        <p class="muted">{empty ?? t("report.none")}</p>
      </section>
    );
  return (
    <Chart
      title={title}
      {...(summary ? { summary } : {})}
      columns={[t("day.what"), t("day.count")]}
      rows={rows}
      testid={testid}
    >
      <ul class="bars">
        {counts.map(({ key, count }) => (
          <li key={key}>
            <span class="bar-name">{name(key)}</span>
            <span class="bar-count">
              {number(count)}{" "}
              <span class="muted">{new Intl.NumberFormat(locale.value, { style: "percent" }).format(count / all)}</span>
            </span>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect class="track" width="100" height="8" rx="2" />
              <rect class={tone(key)} width={(count / most) * 100} height="8" rx="2" />
            </svg>
          </li>
        ))}
      </ul>
    </Chart>
  );
}
