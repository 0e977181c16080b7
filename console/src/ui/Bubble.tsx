/** One message of a thread. */
import { useState } from "preact/hooks";
import { locale, t, uiLanguage } from "../i18n/index.ts";
import { clock, contact, languageName } from "../lib/format.ts";
import type { Pending } from "../lib/messages.ts";
import type { Message } from "../lib/schema.ts";
import { fate, hasAnswer } from "../lib/ticks.ts";
import { settings } from "../settings.ts";
import { discard, readingLanguage, resend, session, write } from "../state.ts";
import { Words } from "./basics.tsx";
import { Icon } from "./icons.tsx";
import { Pictures } from "./Pictures.tsx";
import { Ticks } from "./Ticks.tsx";
import { askedWords } from "./asked.ts";
import { type Shown, type Version, versions } from "./words.ts";

const LABELS = { original: "thread.originalIn", sent: "thread.sentIn", translation: "thread.translatedInto" } as const;

function Other({ version }: { version: Version }) {
  const language = languageName(version.language, uiLanguage.value);
  const label = language
    ? t(LABELS[version.kind], { language })
    : t(version.kind === "sent" ? "thread.sentAs" : "thread.original");
  return (
    <div class="other-words">
      <span class="label">{label}</span>
      <Words text={version.text} language={version.language} testid={`message-${version.kind}`} />
    </div>
  );
}

function Notes({ shown, message }: { shown: Shown; message: Message }) {
  const language = languageName(message.language, uiLanguage.value);
  if (shown.note === "failed" && message.text) return <p class="note">{t("thread.notTranslated")}</p>;
  if (shown.note === "undetermined" && message.text) return <p class="note">{t("thread.undetermined")}</p>;
  if (shown.main.kind === "translation" && !shown.others.length && language)
    return <p class="label">{t("thread.translatedFrom", { language })}</p>;
  return null;
}

function Consent({ message }: { message: Message }) {
  const { consent } = message;
  if (!consent) return null;
  if (consent === "near-miss")
    return (
      <div class="flag" data-testid="near-miss">
        <Icon name="flag" />
        <div>
          <strong>{t("thread.nearMiss.title")}</strong>
          <p>{t("thread.nearMiss.why")}</p>
        </div>
      </div>
    );
  const text = {
    stop: t("thread.optedOut.keyword"),
    start: t("thread.optedOut.back"),
    help: t("thread.optedOut.help"),
  }[consent];
  return text ? (
    <p class="chip" data-testid={`consent-${consent}`}>
      {text}
    </p>
  ) : null;
}

function Automatic({ message }: { message: Message }) {
  const { reply } = message;
  if (!reply || !hasAnswer(message)) return null;
  const language = languageName(reply.language ?? "", uiLanguage.value);
  return (
    <div class="automatic" role="group" aria-label={t("thread.automatic")} data-testid="automatic-reply">
      <p class="label">
        <Icon name="robot" />
        {language ? t("thread.automaticIn", { language }) : t("thread.automatic")}
      </p>
      {reply.text && <Words text={reply.text} language={reply.language} />}
      <Ticks fate={fate(reply, message.deliveries)} />
    </div>
  );
}

/** What the directory had for the message. Nothing is said where it was not asked. */
function Directory({ message }: { message: Message }) {
  const { state, entries } = message.directory ?? { state: "", entries: [] };
  if (state === "none" || state === "failed")
    return (
      <p class="label found" data-testid="directory-found" data-state={state}>
        <Icon name="book" />
        {t(`thread.directory.${state}`)}
      </p>
    );
  if (!entries.length) return null;
  return (
    <p class="label found" data-testid="directory-found" data-state={state}>
      <Icon name="book" />
      <span>
        {t("thread.directory.found")}{" "}
        {entries.map(({ entryId, name }, index) => (
          <span key={entryId}>
            {index > 0 && ", "}
            <a href={`#/directory/${entryId}`}>
              <bdi>{name}</bdi>
            </a>
          </span>
        ))}
      </span>
    </p>
  );
}

/** Which question a message of ours asks, or what one of theirs was taken as. */
function Asked({ message }: { message: Message }) {
  const { question } = message;
  const words = question && askedWords(question);
  if (!question || !words) return null;
  const { questionId, state, kind } = question;
  return (
    <p class={`label found ${state ?? kind ?? ""}`} data-testid="message-question" data-state={state ?? kind}>
      <Icon name={state === "answered" ? "check" : "ask"} />
      {questionId ? <a href={`#/questions/${encodeURIComponent(questionId)}`}>{words}</a> : <span>{words}</span>}
    </p>
  );
}

function Author({ message, mine }: { message: Message; mine: boolean }) {
  if (message.direction === "inbound") return null;
  return <span class="author">{mine ? t("thread.you") : message.author?.name}</span>;
}

const speaker = (message: Message, mine: boolean): string =>
  mine ? t("thread.you") : (message.author?.name ?? contact(message.contact).name);

export function Bubble({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  const { show } = settings.value;
  const shown = versions(message, show, open);
  const mine = message.author?.operatorId === session.value?.operatorId;
  const [retried, setRetried] = useState(false);
  const again = () => {
    setRetried(true);
    write(message.conversationId, message.text);
  };
  return (
    <article
      class={`bubble ${message.direction} ${mine ? "mine" : ""}`}
      aria-label={`${speaker(message, mine)}, ${clock(message.createdAt, locale.value)}`}
      data-testid="message"
      data-message-id={message.messageId}
      data-direction={message.direction}
    >
      <div class="balloon">
        {message.direction === "outbound" && <Asked message={message} />}
        <Author message={message} mine={mine} />
        {shown.main.text && (
          <Words text={shown.main.text} language={shown.main.language} class="main" testid="message-text" />
        )}
        <Notes shown={shown} message={message} />
        {shown.others.map((version) => (
          <Other key={version.kind} version={version} />
        ))}
        {show !== "both" && shown.more && (
          <button
            type="button"
            class="link small"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            data-testid="toggle-original"
          >
            {t(open ? "thread.hideOriginal" : show === "original" ? "thread.both" : "thread.showOriginal")}
          </button>
        )}
        <Pictures pictures={message.pictures} reader={readingLanguage.value} />
        {message.truncated && <p class="note">{t("thread.truncated")}</p>}
        <Consent message={message} />
      </div>
      <footer>
        <a class="time" href={`#/reports/${message.messageId}`} title={t("thread.reportOf")}>
          <time dateTime={message.createdAt}>{clock(message.createdAt, locale.value)}</time>
          <Icon name="report" />
          <span class="hidden">{t("thread.reportOf")}</span>
        </a>
        {message.direction === "outbound" && (
          <Ticks
            fate={fate(message.reply, message.deliveries)}
            // A question's words alone would ask nothing: it is asked again from its own page.
            onRetry={retried || message.question ? undefined : again}
          />
        )}
      </footer>
      {message.direction === "inbound" && <Asked message={message} />}
      <Automatic message={message} />
      <Directory message={message} />
    </article>
  );
}

/** A line of ours that the server has not sent back yet. */
export function PendingBubble({ line }: { line: Pending }) {
  const refused = line.state === "refused";
  return (
    <article
      class={`bubble mine pending ${line.room ? "internal" : "outbound"} ${refused ? "refused" : ""}`}
      aria-label={t(`pending.${line.state}`)}
      data-testid="message"
      data-message-id={line.messageId}
      data-direction={line.room ? "internal" : "outbound"}
      data-pending={line.state}
    >
      <div class="balloon">
        <span class="author">{t("thread.you")}</span>
        <Words text={line.text} language={readingLanguage.value} class="main" testid="message-text" />
      </div>
      <footer>
        <span class={`ticks ${refused ? "failed" : "pending"}`} data-testid="ticks" data-status={line.state}>
          <Icon name={refused ? "warning" : "clock"} />
          {t(`pending.${line.state}`)}
          {refused && <span class="reason">· {line.reason}</span>}
        </span>
        {refused && line.retry && (
          <button type="button" class="button tiny" onClick={() => resend(line.messageId)} data-testid="retry">
            {t("pending.again")}
          </button>
        )}
        {refused && (
          <button type="button" class="button tiny quiet" onClick={() => discard(line.messageId)}>
            {t("pending.discard")}
          </button>
        )}
      </footer>
    </article>
  );
}
