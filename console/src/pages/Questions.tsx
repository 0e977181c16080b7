/** Questions put to people: what is open, what was answered, and one of them with everything about it. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, cancelQuestion } from "../api.ts";
import { locale, maybe, t, uiLanguage } from "../i18n/index.ts";
import { contact, langOf, languageName, moment } from "../lib/format.ts";
import { arranged, askAgain, type Filter, isOpen } from "../lib/questions.ts";
import type { Question } from "../lib/schema.ts";
import {
  again,
  awaitQuestion,
  loadOlderQuestions,
  loadQuestions,
  olderQuestions,
  questionListing,
  questionOf,
  questions,
  refreshOverdue,
  refreshQuestion,
} from "../questions.ts";
import { go } from "../router.ts";
import { conversations } from "../state.ts";
import { Choice, Empty, Fact, Failure, Spinner, Title, useLoad, Words } from "../ui/basics.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { Icon } from "../ui/icons.tsx";
import { QuestionForm } from "../ui/QuestionForm.tsx";
import { Relative, useEvery, useNow } from "../ui/time.tsx";

export function QuestionsPage({ questionId }: { questionId: string | undefined }) {
  return questionId ? <One key={questionId} questionId={questionId} /> : <List />;
}

function Frame({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{title}</Title>
        <a class="button" href="#/questions">
          <Icon name="back" />
          {t("questions.back")}
        </a>
      </header>
      {children}
    </main>
  );
}

export function AskPage({ conversationId }: { conversationId: string | undefined }) {
  // The conversations may still be on their way: the form begins once it knows whom it is for.
  const conversation = conversationId ? conversations.value.get(conversationId) : undefined;
  return (
    <Frame title={t("questions.ask")}>
      <QuestionForm key={conversation?.contact ?? ""} address={conversation?.contact ?? ""} />
    </Frame>
  );
}

/** A frame tells of every end but that of a question whose workflow was stopped, or that was never sent. */
const AGAIN_MS = 60_000;

const FILTERS: Filter[] = ["all", "open", "answered", "unanswered"];

function List() {
  const [filter, setFilter] = useState<Filter>("all");
  const now = useNow();
  useEffect(() => void loadQuestions(), []);
  useEvery(AGAIN_MS, () => void loadQuestions());
  useEffect(() => refreshOverdue(now), [now]);
  const all = questions.value;
  const { state, error } = questionListing.value;
  const found = arranged(all, filter);
  return (
    <main class="page" id="content">
      <header class="page-head">
        <Title>{t("questions.title")}</Title>
        <a class="button primary" href="#/ask" data-testid="ask">
          <Icon name="plus" />
          {t("questions.ask")}
        </a>
      </header>
      <p class="muted">{t("questions.intro")}</p>
      {all.length > 0 && (
        <div class="list-filter">
          <Choice<Filter>
            compact
            legend={t("list.filter")}
            value={filter}
            options={FILTERS.map((one) => [one, t(`questions.filter.${one}`)] as const)}
            onChange={setFilter}
            testid="question-filter"
          />
        </div>
      )}
      <Found found={found} any={all.length > 0} now={now} onAll={() => setFilter("all")} />
      {state === "loading" && !all.length && <Spinner />}
      {state === "failed" && <Failure error={error} retry={() => void loadQuestions()} />}
      {state === "ready" && !all.length && (
        <Empty icon="ask" title={t("questions.empty")} hint={t("questions.emptyHint")}>
          <a class="button" href="#/ask">
            {t("questions.ask")}
          </a>
        </Empty>
      )}
      {olderQuestions.value && (
        <p class="top">
          <button type="button" class="button" onClick={() => void loadOlderQuestions()}>
            {t("questions.older")}
          </button>
        </p>
      )}
    </main>
  );
}

interface FoundProps {
  found: readonly Question[];
  any: boolean;
  now: number;
  onAll: () => void;
}

function Found({ found, any, now, onAll }: FoundProps) {
  return (
    <>
      <p role="status" class={any ? "muted small found-count" : "hidden"}>
        {any && t("questions.count", { count: found.length })}
      </p>
      {found.length > 0 && (
        <ul class="entries" aria-label={t("questions.title")} data-testid="questions">
          {found.map((question) => (
            <Item key={question.questionId} question={question} now={now} />
          ))}
        </ul>
      )}
      {any && !found.length && (
        <Empty icon="search" title={t("list.none")} hint={t("questions.noneHint")}>
          <button type="button" class="button" onClick={onAll}>
            {t("questions.showAll")}
          </button>
        </Empty>
      )}
    </>
  );
}

const TONES: Record<string, string> = { open: "", answered: "ok", cancelled: "plain" };

function Status({ question }: { question: Question }) {
  const { status } = question;
  return (
    <span class={`chip ${TONES[status] ?? "warn"}`} data-testid="question-status" data-status={status}>
      {maybe(`questions.status.${status}`) ?? status}
    </span>
  );
}

/** Why it reached nobody, where that is the outcome. */
const whyNot = ({ status, reason }: Question): string | undefined =>
  status === "failed" || status === "undelivered" ? reason : undefined;

/** The choice as it was written, or the words of a free answer. */
const answerText = ({ answer, choices }: Question): string =>
  choices.find(({ value }) => value === answer?.value)?.text ?? answer?.text ?? answer?.original ?? "";

function Item({ question, now }: { question: Question; now: number }) {
  const { questionId, address, text, language, code, choices, askedBy, askedAt } = question;
  return (
    <li class="entry question-item" data-testid="question" data-question-id={questionId} data-status={question.status}>
      <div class="entry-head">
        <a class="entry-name" href={`#/questions/${encodeURIComponent(questionId)}`} lang={langOf(language)} dir="auto">
          {text}
        </a>
        <Status question={question} />
      </div>
      <Outcome question={question} now={now} />
      {choices.length > 0 && (
        <p class="small question-choices" lang={langOf(language)}>
          <span class="hidden" lang={uiLanguage.value}>
            {t("questions.choices")}:{" "}
          </span>
          {choices.map((choice, at) => (
            <bdi key={choice.value}>
              <span class="muted">{at + 1}</span> {choice.text}
            </bdi>
          ))}
        </p>
      )}
      <p class="muted small entry-facts">
        <bdi>{contact(address).name}</bdi>
        <span>{contact(address).channel}</span>
        {code && <span>#{code}</span>}
        {askedBy && <bdi>{askedBy}</bdi>}
        <Relative at={askedAt} now={now} />
      </p>
    </li>
  );
}

/** The one line that matters: the answer, why there is none, or how long it may still take. */
function Outcome({ question, now }: { question: Question; now: number }) {
  const { status, deadlineAt, remindedAt, answer, language } = question;
  if (status === "answered")
    return (
      <p class="question-outcome" data-testid="question-answer">
        <span class="muted">{t("questions.answer")}:</span>{" "}
        <bdi lang={langOf(answer?.value && question.choices.length ? language : undefined)}>{answerText(question)}</bdi>
      </p>
    );
  if (whyNot(question)) return <Why question={question} class="question-outcome bad" />;
  if (status !== "open") return null;
  return (
    <p class="question-outcome">
      {Date.parse(deadlineAt) > now ? t("questions.until") : t("questions.over")} <Relative at={deadlineAt} now={now} />
      {remindedAt && (
        <span class="muted">
          {" · "}
          {t("questions.reminded")} <Relative at={remindedAt} now={now} />
        </span>
      )}
    </p>
  );
}

/** The desk's own words, which are English. */
const Why = ({ question, class: look }: { question: Question; class: string }) => (
  <p class={look} lang="en" data-testid="question-reason">
    {whyNot(question)}
  </p>
);

function One({ questionId }: { questionId: string }) {
  const [wanted] = useState({ value: true });
  useEffect(() => () => void (wanted.value = false), []);
  const { value, error, retry } = useLoad(
    () => awaitQuestion(questionId, () => wanted.value).then((found) => ({ found })),
    [questionId],
  );
  const question = questionOf(questionId);
  useEvery(AGAIN_MS, () => {
    if (questionOf(questionId)?.status === "open") void refreshQuestion(questionId).catch(() => undefined);
  });
  return (
    <Frame title={t("questions.one")}>
      {question ? (
        <Details question={question} />
      ) : error ? (
        <Failure error={error} retry={retry} />
      ) : value ? (
        <Failure text={t("questions.notFound")} retry={retry} />
      ) : (
        <Spinner />
      )}
    </Frame>
  );
}

function Details({ question }: { question: Question }) {
  const now = useNow();
  useEffect(() => refreshOverdue(now), [now]);
  const { text, language, status, choices } = question;
  return (
    <div class="stack" data-testid="question-details" data-status={status}>
      <section class="card">
        <p class="question-state">
          <Status question={question} />
          {isOpen(question) && (
            <span>
              {Date.parse(question.deadlineAt) > now ? t("questions.until") : t("questions.over")}{" "}
              <Relative at={question.deadlineAt} now={now} />
            </span>
          )}
        </p>
        <Words text={text} language={language} class="main large" testid="question-text" />
        {choices.length > 0 && <Choices question={question} />}
        {whyNot(question) && <Why question={question} class="banner bad top-gap" />}
        <Facts question={question} now={now} />
        <Actions question={question} />
      </section>
      {status === "answered" && <Answer question={question} />}
    </div>
  );
}

function Choices({ question: { choices, answer, language } }: { question: Question }) {
  return (
    <ol class="choice-list" aria-label={t("questions.choices")}>
      {choices.map(({ value, text }) => {
        const chosen = answer?.value === value;
        return (
          <li key={value} class={chosen ? "chosen" : ""}>
            <bdi lang={langOf(language)}>{text}</bdi>
            {chosen && (
              <span class="chip ok">
                <Icon name="check" />
                {t("questions.chosen")}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Facts({ question, now }: { question: Question; now: number }) {
  const { address, code, askedBy, askedAt, deadlineAt, remindedAt, contactLanguage, choices } = question;
  const reader = locale.value;
  const known = languageName(contactLanguage ?? "", reader);
  const who = contact(address);
  return (
    <dl class="facts">
      <Fact name={t("questions.who")}>
        <bdi>{who.name}</bdi> · {who.channel}
        {known && ` · ${t("thread.speaks", { language: known })}`}
      </Fact>
      <Fact name={t("questions.askedBy")}>{askedBy && <bdi>{askedBy}</bdi>}</Fact>
      <Fact name={t("questions.askedAt")}>
        {moment(askedAt, reader)} (<Relative at={askedAt} now={now} />)
      </Fact>
      <Fact name={t("questions.deadline")}>{moment(deadlineAt, reader)}</Fact>
      <Fact name={t("questions.remindedAt")}>{remindedAt && moment(remindedAt, reader)}</Fact>
      <Fact name={t("questions.code")}>{code && <code>#{code}</code>}</Fact>
      <Fact name={t("questions.kind")}>{!choices.length && t("questions.free")}</Fact>
    </dl>
  );
}

function Actions({ question }: { question: Question }) {
  const { questionId, conversationId, messageId, status } = question;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const cancel = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await cancelQuestion(questionId).catch((problem: unknown) => {
        // Closed in this very moment: what became of it is what we show.
        if (!(problem instanceof ApiError && problem.status === 409)) throw problem;
      });
      await refreshQuestion(questionId);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const repeat = () => {
    again.value = askAgain(question);
    go("/ask");
  };
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <p class="form-foot wrap">
        {conversationId && conversations.value.has(conversationId) && (
          <a class="button" href={`#/c/${conversationId}`}>
            <Icon name="chat" />
            {t("report.conversation")}
          </a>
        )}
        {messageId && (
          <a class="button" href={`#/reports/${messageId}`}>
            <Icon name="report" />
            {t("report.title")}
          </a>
        )}
        {status !== "open" && (
          <button type="button" class="button" onClick={repeat} data-testid="ask-again">
            <Icon name="ask" />
            {t("questions.again")}
          </button>
        )}
        {status === "open" && (
          <button
            type="button"
            class="button danger"
            disabled={busy}
            onClick={() => setAsking(true)}
            data-testid="question-cancel"
          >
            <Icon name="close" />
            {t("questions.cancel")}
          </button>
        )}
      </p>
      {asking && (
        <Confirm
          title={t("questions.cancelTitle")}
          text={t("questions.cancelText")}
          keep={t("questions.keep")}
          act={t("questions.cancel")}
          icon="close"
          onClose={() => setAsking(false)}
          onAct={() => void cancel()}
        />
      )}
    </>
  );
}

function Answer({ question }: { question: Question }) {
  const { answer, answeredBy, answeredAt } = question;
  if (!answer) return null;
  const original = answer.original ?? "";
  const words = answerText(question);
  return (
    <section class="card" data-testid="question-answer">
      <h2>{t("questions.answer")}</h2>
      <Words text={words} class="main large" testid="question-answer-text" />
      {original && original !== words && (
        <div class="other-words">
          <span class="label">
            {languageName(answer.language ?? "", uiLanguage.value)
              ? t("questions.wordsIn", { language: languageName(answer.language ?? "", uiLanguage.value) })
              : t("questions.words")}
          </span>
          <Words text={original} language={answer.language} />
        </div>
      )}
      <dl class="facts">
        <Fact name={t("questions.answeredAt")}>{answeredAt && moment(answeredAt, locale.value)}</Fact>
      </dl>
      {answeredBy && (
        <p class="form-foot">
          <a class="button" href={`#/reports/${answeredBy}`}>
            <Icon name="report" />
            {t("questions.answerReport")}
          </a>
        </p>
      )}
    </section>
  );
}
