/** One report, with everything in it. */
import { type ComponentChildren } from "preact";
import { ApiError, getReport } from "../api.ts";
import { locale, maybe, t, uiLanguage } from "../i18n/index.ts";
import { contact, duration, languageName, moment } from "../lib/format.ts";
import type { Asked, Found, Report as Data } from "../lib/schema.ts";
import { fate } from "../lib/ticks.ts";
import { readingLanguage } from "../state.ts";
import { askedWords } from "../ui/asked.ts";
import { CopyButton, Fact, Failure, Spinner, Title, useLoad, Words } from "../ui/basics.tsx";
import { Icon } from "../ui/icons.tsx";
import { One } from "../ui/Pictures.tsx";
import { Ticks, tickName } from "../ui/Ticks.tsx";

export function Report({ reportId }: { reportId: string }) {
  const { value, error, retry } = useLoad(() => getReport(reportId), [reportId]);
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <div>
          <Title>{t("report.title")}</Title>
          <p class="id">
            <code data-testid="report-id">{reportId}</code> <CopyButton value={reportId} label={t("report.id")} />
          </p>
        </div>
        {value && value.report.message.direction !== "internal" && (
          <a class="button" href={`#/c/${value.report.conversationId}`}>
            <Icon name="chat" />
            {t("report.conversation")}
          </a>
        )}
      </header>
      {value ? (
        <Whole report={value.report} raw={value.raw} />
      ) : error ? (
        <Failure error={error} {...(missing ? { text: t("report.notFound") } : {})} retry={retry} />
      ) : (
        <Spinner />
      )}
    </main>
  );
}

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Whole({ report, raw }: { report: Data; raw: unknown }) {
  return (
    <div class="stack" data-testid="report">
      <Message report={report} />
      <Translations report={report} />
      {report.pictures.length > 0 && (
        <Card title={t("report.pictures")}>
          <div class="gallery">
            {report.pictures.map((picture, index) => (
              <One key={index} picture={picture} reader={readingLanguage.value} />
            ))}
          </div>
        </Card>
      )}
      <AskedCard asked={report.question ?? report.message.question} />
      <Directory found={report.directory} />
      <Steps report={report} />
      <Reply report={report} />
      <Card title={t("report.raw")}>
        <details>
          <summary>{t("report.rawShow")}</summary>
          <CopyButton value={JSON.stringify(raw, null, 2)} label={t("report.raw")} />
          <pre class="raw" tabIndex={0}>
            {JSON.stringify(raw, null, 2)}
          </pre>
        </details>
      </Card>
    </div>
  );
}

function Message({ report }: { report: Data }) {
  const { message, language } = report;
  const reader = locale.value;
  const percent = language.confidence === undefined ? undefined : Math.round(language.confidence * 100);
  const name = languageName(language.code, reader);
  const sure = name && percent !== undefined ? t("report.languageSure", { language: name, percent }) : name;
  return (
    <Card title={t("report.message")}>
      {message.text && <Words text={message.text} language={language.code} class="main large" testid="report-text" />}
      <dl class="facts">
        <Fact name={t("report.received")}>{moment(message.receivedAt, reader)}</Fact>
        <Fact name={t("report.direction")}>{maybe(`report.${message.direction}`)}</Fact>
        <Fact name={t("report.author")}>{message.author?.name}</Fact>
        <Fact name={t("report.channel")}>{contact(`${message.channel}:`).channel}</Fact>
        <Fact name={t("report.from")}>
          {!message.author && message.sender && <bdi>{contact(message.sender).name}</bdi>}
        </Fact>
        <Fact name={t("report.to")}>{message.recipient && <bdi>{contact(message.recipient).name}</bdi>}</Fact>
        <Fact name={t("report.language")}>
          {[sure, maybe(`report.method.${language.method ?? "none"}`)].filter(Boolean).join(" · ")}
        </Fact>
        <Fact name={t("report.segments")}>{message.segments}</Fact>
        <Fact name={t("thread.location")}>
          {message.location &&
            [
              message.location.label,
              message.location.address,
              `${message.location.latitude}, ${message.location.longitude}`,
            ]
              .filter(Boolean)
              .join(" · ")}
        </Fact>
      </dl>
    </Card>
  );
}

function Translations({ report }: { report: Data }) {
  const later = Object.entries(report.moreTranslations).map(([language, text]) => ({
    language,
    text,
    status: "later",
    error: undefined,
  }));
  const all = [...report.translations, ...later];
  if (!all.length) return null;
  return (
    <Card title={t("report.translations")}>
      {all.map(({ language, status, text, error }) => (
        <div class="other-words" key={`${language}-${status}`}>
          <span class="label">
            {languageName(language, uiLanguage.value) || language} ·{" "}
            {status === "later" ? t("report.later") : (maybe(`report.status.${status}`) ?? status)}
          </span>
          {text ? <Words text={text} language={language} /> : <p class="note">{error}</p>}
        </div>
      ))}
    </Card>
  );
}

function AskedCard({ asked }: { asked: Asked | undefined }) {
  const words = asked && askedWords(asked);
  if (!asked || !words) return null;
  return (
    <Card title={t("questions.one")}>
      <p data-testid="report-question" data-state={asked.state ?? asked.kind}>
        {words}
      </p>
      {asked.questionId && (
        <p class="form-foot">
          <a class="button" href={`#/questions/${encodeURIComponent(asked.questionId)}`}>
            <Icon name="ask" />
            {t("questions.open")}
          </a>
        </p>
      )}
    </Card>
  );
}

function Directory({ found }: { found: Found | undefined }) {
  if (!found || found.state === "not-asked") return null;
  const { state, entries, answer } = found;
  return (
    <Card title={t("nav.directory")}>
      {(state === "none" || state === "failed") && <p>{t(`thread.directory.${state}`)}</p>}
      <ul data-testid="report-directory">
        {entries.map(({ entryId, name }) => (
          <li key={entryId}>
            <a href={`#/directory/${entryId}`}>
              <bdi>{name}</bdi>
            </a>
          </li>
        ))}
      </ul>
      {answer && (
        <div class="other-words">
          <span class="label">{t("thread.directory.answer")}</span>
          <Words text={answer} />
        </div>
      )}
    </Card>
  );
}

/** The steps one after another on a line of time. */
function Steps({ report }: { report: Data }) {
  const { steps, receivedAt, composedAt } = report.timings;
  const reader = locale.value;
  const total = Math.max(
    1,
    steps.reduce((sum, step) => sum + step.ms, 0),
  );
  const whole = Date.parse(composedAt) - Date.parse(receivedAt);
  let begin = 0;
  const rows = steps.map((step) => {
    const from = begin;
    begin += step.ms;
    return { ...step, from };
  });
  return (
    <Card title={t("report.steps")}>
      <p class="muted">{t("report.stepsCaption", { duration: duration(Math.max(whole, 0), reader) })}</p>
      <div class="table-wrap">
        <table class="timeline" data-testid="timeline">
          <thead>
            <tr>
              <th scope="col">{t("report.stepName")}</th>
              <th scope="col" class="wide-cell">
                <span class="hidden">{t("report.began")}</span>
              </th>
              <th scope="col" class="number">
                {t("report.took")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, ms, from }) => (
              <tr key={name}>
                <th scope="row">{maybe(`report.step.${name}`) ?? name}</th>
                <td>
                  <span class="hidden">{duration(from, reader)}</span>
                  <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="track" width="100" height="10" />
                    <rect
                      class="series-a"
                      x={(from / total) * 100}
                      width={Math.max((ms / total) * 100, 0.6)}
                      height="10"
                    />
                  </svg>
                </td>
                <td class="number">{duration(ms, reader)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Reply({ report }: { report: Data }) {
  const { reply, deliveries } = report;
  const reader = locale.value;
  const parts =
    reply.parts ??
    (reply.text
      ? [
          {
            part: "0",
            state: reply.state,
            text: reply.text,
            language: reply.language,
            providerId: reply.providerId,
            reason: reply.reason,
            at: reply.at,
          },
        ]
      : []);
  return (
    <Card title={t("report.reply")}>
      <p>
        <Ticks fate={fate(reply, deliveries)} />
      </p>
      {parts.map((part) => (
        <div class="other-words" key={part.part}>
          <span class="label">
            {[
              parts.length > 1 && t("report.part", { part: Number(part.part) + 1 }),
              languageName(part.language ?? "", reader),
              tickName(part.state),
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
          {part.text && <Words text={part.text} language={part.language} />}
          {part.reason && <p class="note">{part.reason}</p>}
          {part.providerId && (
            <p class="id small">
              <code>{part.providerId}</code>
            </p>
          )}
        </div>
      ))}
      <Receipts deliveries={deliveries} />
    </Card>
  );
}

function Receipts({ deliveries }: { deliveries: Data["deliveries"] }) {
  const rows = Object.entries(deliveries);
  if (!rows.length) return null;
  return (
    <>
      <h3>{t("report.receipts")}</h3>
      <div class="table-wrap">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("report.part", { part: "" })}</th>
              <th scope="col">{t("report.state")}</th>
              <th scope="col">{t("report.at")}</th>
              <th scope="col">{t("report.reason")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([part, { status, at, reason, errorCode }]) => (
              <tr key={part}>
                <th scope="row">{Number(part) + 1}</th>
                <td>{tickName(status)}</td>
                <td>{at && moment(at, locale.value)}</td>
                <td>{[reason, errorCode].filter(Boolean).join(" · ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
