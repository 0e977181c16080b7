/** Digests: what a day came to, written down once it was over. */
import { useState } from "preact/hooks";
import { ApiError, getDigest, listDigests } from "../api.ts";
import { locale, maybe, t, uiLanguage } from "../i18n/index.ts";
import type { Count } from "../lib/day.ts";
import { counted, FEELINGS, feelings, priced } from "../lib/digest.ts";
import {
  addDays,
  clock,
  contact,
  isDay,
  langOf,
  languageName,
  localDay,
  longDay,
  moment,
  money,
  price,
  spelled,
} from "../lib/format.ts";
import type { Digest } from "../lib/schema.ts";
import { Empty, Failure, Spinner, Title, useLoad } from "../ui/basics.tsx";
import { Bars, Hours } from "../ui/charts.tsx";
import { Icon } from "../ui/icons.tsx";
import { DayChooser, Figure } from "./Day.tsx";

export function DigestPage({ day }: { day: string | undefined }) {
  return day ? <One key={day} day={day} /> : <List />;
}

interface Listed {
  digests: Digest[];
  cursor: string | undefined;
}

async function listFrom(known: Listed | undefined): Promise<Listed> {
  const page = await listDigests(known?.cursor);
  return { digests: [...(known?.digests ?? []), ...page.items], cursor: page.cursor };
}

function List() {
  const [before, setBefore] = useState<Listed>();
  const { value, error, retry } = useLoad(() => listFrom(before), [before]);
  const { digests, cursor } = value ?? before ?? { digests: [], cursor: undefined };
  return (
    <main class="page" id="content">
      <header class="page-head">
        <Title>{t("digest.title")}</Title>
        <div class="actions">
          <a class="button" href="#/subscriptions" data-testid="subscriptions-link">
            <Icon name="mail" />
            {t("subscriptions.title")}
          </a>
          <a class="button" href="#/day">
            <Icon name="chart" />
            {t("digest.today")}
          </a>
        </div>
      </header>
      <p class="muted">{t("digest.intro")}</p>
      {digests.length > 0 && (
        <ul class="entries top-gap" aria-label={t("digest.title")} data-testid="digests">
          {digests.map((digest) => (
            <Item key={digest.day} digest={digest} />
          ))}
        </ul>
      )}
      {error !== undefined && <Failure error={error} retry={retry} />}
      {!value && error === undefined && <Spinner />}
      {value && !digests.length && (
        <Empty icon="digest" title={t("digest.empty")} hint={t("digest.emptyHint")}>
          <a class="button" href="#/day">
            {t("digest.today")}
          </a>
        </Empty>
      )}
      {value && cursor && (
        <p class="top">
          <button type="button" class="button" onClick={() => setBefore(value)}>
            {t("digest.older")}
          </button>
        </p>
      )}
    </main>
  );
}

const number = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

function Item({ digest }: { digest: Digest }) {
  const { day, messages, answers, cost, complete } = digest;
  return (
    <li class="entry" data-testid="digest-item" data-day={day}>
      <div class="entry-head">
        <a class="entry-name" href={`#/digest/${day}`}>
          {longDay(day, locale.value)}
        </a>
        {!complete && <span class="chip warn">{t("digest.early")}</span>}
      </div>
      <p class="muted small entry-facts">
        <span>{t("digest.messages", { count: messages.inbound, formatted: number(messages.inbound) })}</span>
        <span>{t("digest.unansweredCount", { count: answers.unanswered, formatted: number(answers.unanswered) })}</span>
        <span>{money(cost.total, cost.currency, locale.value)}</span>
      </p>
    </li>
  );
}

function One({ day }: { day: string }) {
  const valid = isDay(day);
  const { value, error, retry } = useLoad(
    async () => (valid ? getDigest(day) : Promise.reject(new ApiError(404, ""))),
    [day],
  );
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <main class="page" id="content">
      <header class="page-head">
        <div>
          <a class="back" href="#/digest">
            <Icon name="back" />
            {t("digest.title")}
          </a>
          <Title>{valid ? longDay(day, locale.value) : t("digest.title")}</Title>
        </div>
        {valid && <DayChooser day={day} page="digest" />}
      </header>
      {value ? (
        <Shown digest={value} />
      ) : !valid ? (
        <Failure text={t("day.badDay")} />
      ) : missing ? (
        <Missing day={day} />
      ) : error !== undefined ? (
        <Failure error={error} retry={retry} />
      ) : (
        <Spinner />
      )}
    </main>
  );
}

function Missing({ day }: { day: string }) {
  const recent = day >= addDays(localDay(Date.now()), -1);
  return (
    <Empty icon="digest" title={t("digest.none")} hint={t(recent ? "digest.noneYet" : "digest.noneHint")}>
      <a class="button" href={`#/day/${day}`}>
        {t("digest.live")}
      </a>
    </Empty>
  );
}

function Shown({ digest }: { digest: Digest }) {
  const { day, complete, createdAt, messages } = digest;
  const any = messages.inbound + messages.outbound > 0;
  return (
    <div data-testid="digest" data-day={day}>
      {!complete && (
        <p class="banner warn spaced" data-testid="digest-early">
          <Icon name="clock" />
          <span>{t("digest.earlyNote", { when: createdAt ? moment(createdAt, locale.value) : "–" })}</span>
        </p>
      )}
      <Figures digest={digest} />
      {any ? <Charts digest={digest} /> : <p class="card muted">{t("digest.quiet")}</p>}
      <div class="stack top-gap">
        <Unanswered digest={digest} />
        <Cost digest={digest} />
      </div>
      <Origin digest={digest} />
    </div>
  );
}

function Figures({ digest: { messages, answers, questions, cost } }: { digest: Digest }) {
  const median = answers.medianSeconds;
  return (
    <dl class="figures">
      <Figure
        label={t("day.inbound")}
        value={number(messages.inbound)}
        hint={t("digest.outbound", { count: messages.outbound, formatted: number(messages.outbound) })}
      />
      <Figure
        label={t("digest.answered")}
        value={number(answers.answered)}
        hint={t("digest.byDirectory", { count: answers.byDirectory, formatted: number(answers.byDirectory) })}
      />
      <Figure
        label={t("digest.waiting")}
        value={number(answers.unanswered)}
        hint={t("digest.waitingHint", { count: answers.unanswered })}
      />
      <Figure
        label={t("digest.median")}
        value={median === null ? "–" : spelled(median, locale.value)}
        hint={t(median === null ? "digest.medianNone" : "digest.medianHint")}
        words
      />
      {questions && questions.asked > 0 && (
        <Figure
          label={t("digest.asked")}
          value={number(questions.asked)}
          hint={t("digest.askedHint", { answered: number(questions.answered) })}
        />
      )}
      <Figure
        label={t("digest.cost")}
        value={money(cost.total, cost.currency, locale.value)}
        hint={t("digest.costHint")}
      />
    </dl>
  );
}

const TONES: Record<string, string> = {
  positive: "series-ok",
  negative: "series-bad",
  neutral: "series-a",
  mixed: "series-b",
};

function Charts({ digest }: { digest: Digest }) {
  const reader = locale.value;
  const { sentiment } = digest;
  const bars = (name: string, counts: readonly Count[], label: (key: string) => string, tone?: string) => (
    <Bars
      title={t(`digest.chart.${name}` as "digest.chart.labels")}
      counts={counts}
      name={label}
      testid={`digest-${name}`}
      empty={maybe(`digest.chartEmpty.${name}`) ?? t("report.none")}
      {...(tone ? { tone: () => tone } : {})}
    />
  );
  return (
    <>
      {digest.byHour.some(Boolean) && (
        <Hours title={t("day.hours")} series={[{ name: t("day.count"), values: digest.byHour, style: "series-a" }]} />
      )}
      <div class="chart-grid">
        {bars("languages", counted(digest.byLanguage), (key) => languageName(key, reader) || t("day.unknownLanguage"))}
        {bars("channels", counted(digest.byChannel), (key) => contact(`${key}:`).channel)}
        <Bars
          title={t("digest.chart.sentiment")}
          counts={feelings(sentiment.totals)}
          name={(key) => maybe(`digest.sentiment.${key}`) ?? key}
          tone={(key) => TONES[key] ?? "series-a"}
          summary={t("digest.judged", { judged: number(sentiment.judged), unjudged: number(sentiment.unjudged) })}
          empty={t("digest.chartEmpty.sentiment")}
          testid="digest-sentiment"
        />
        <ByLanguage digest={digest} />
        {bars("failures", counted(digest.failures), (key) => maybe(`day.failure.${key}`) ?? key, "series-bad")}
        {bars("entries", counted(digest.byEntry), (key) => key)}
        {bars("labels", counted(digest.byLabel), (key) => key)}
      </div>
    </>
  );
}

/** The feelings of each language, where there are several. */
function ByLanguage({ digest: { sentiment } }: { digest: Digest }) {
  if (sentiment.byLanguage.length < 2) return null;
  return (
    <section class="card chart" aria-labelledby="felt-title" data-testid="digest-felt">
      <h2 id="felt-title">{t("digest.felt")}</h2>
      <div class="table-wrap" tabIndex={0} role="region" aria-labelledby="felt-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("directory.field.language")}</th>
              {FEELINGS.map((key) => (
                <th scope="col" class="number" key={key}>
                  {t(`digest.sentiment.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sentiment.byLanguage.map((one) => (
              <tr key={one.name}>
                <th scope="row">{languageName(one.name, locale.value) || t("day.unknownLanguage")}</th>
                {FEELINGS.map((key) => (
                  <td class="number" key={key}>
                    {number(one[key])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What nobody answered, each with the way to its conversation. */
function Unanswered({ digest: { unanswered, answers } }: { digest: Digest }) {
  const more = answers.unanswered - unanswered.length;
  return (
    <section class="card" data-testid="digest-unanswered">
      <h2>{t("digest.unanswered")}</h2>
      {!unanswered.length && <p class="muted">{t("digest.allAnswered")}</p>}
      <ul class="unanswered">
        {unanswered.map(({ messageId, conversationId, preview, language, receivedAt }) => (
          <li key={messageId}>
            <a href={`#/c/${conversationId}`} lang={langOf(language)} dir="auto">
              {preview || t("list.noText")}
            </a>
            <span class="muted small">
              {[receivedAt && clock(receivedAt, locale.value), languageName(language, uiLanguage.value)]
                .filter(Boolean)
                .join(" · ")}{" "}
              · <a href={`#/reports/${messageId}`}>{t("report.title")}</a>
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="muted small">{t("digest.more", { count: more, formatted: number(more) })}</p>}
    </section>
  );
}

function Cost({ digest: { cost } }: { digest: Digest }) {
  const reader = locale.value;
  const rows = priced(cost.items);
  return (
    <section class="card" aria-labelledby="cost-title" data-testid="digest-cost">
      <h2 id="cost-title">{t("digest.costTable")}</h2>
      <div class="table-wrap" tabIndex={0} role="region" aria-labelledby="cost-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("digest.item")}</th>
              <th scope="col" class="number">
                {t("digest.quantity")}
              </th>
              <th scope="col" class="number">
                {t("digest.amount")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, quantity, unit, price: one, amount }) => (
              <tr key={name}>
                <th scope="row">
                  {name}
                  <span class="muted small price">
                    <span class="hidden">{t("digest.price")}: </span>
                    {[price(one, cost.currency, reader), unit].filter(Boolean).join(" / ")}
                  </span>
                </th>
                <td class="number">{number(quantity)}</td>
                <td class="number">{money(amount, cost.currency, reader)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t("digest.total")}</th>
              <td />
              <td class="number">
                <strong>{money(cost.total, cost.currency, reader)}</strong>
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      <p class="muted small">{t("digest.costNote")}</p>
    </section>
  );
}

function Origin({ digest: { day, createdAt, timeZone } }: { digest: Digest }) {
  return (
    <p class="muted small origin">
      {t("digest.origin", { when: createdAt ? moment(createdAt, locale.value) : "–", zone: timeZone })}{" "}
      <a href={`#/day/${day}`}>{t("digest.live")}</a>
    </p>
  );
}
