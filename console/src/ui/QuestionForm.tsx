/** A question in a form: to whom, in which words, with which choices, and for how long. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError, createQuestion } from "../api.ts";
import { locale, t, uiLanguage } from "../i18n/index.ts";
import { contact, langOf, languageName, spelled } from "../lib/format.ts";
import {
  type Channel,
  type Choice as Option,
  DEADLINES,
  emptyQuestion,
  LONGEST_QUESTION,
  MOST_CHOICES,
  type QuestionDraft,
  type QuestionFault,
  questionFaults,
  type QuestionField,
  questionRequest,
  REMINDERS,
  sentWords,
  splitAddress,
} from "../lib/questions.ts";
import { smsSize } from "../lib/sms.ts";
import { again, noteAsked } from "../questions.ts";
import { go } from "../router.ts";
import { settings } from "../settings.ts";
import { config, readingLanguage, sortedConversations } from "../state.ts";
import { Choice, Failure } from "./basics.tsx";
import { Icon } from "./icons.tsx";
import { byName, languageChoices } from "./languages.ts";

const idOf = (field: QuestionField): string => `ask-${field}`;

const optedOut = (address: string): boolean =>
  sortedConversations.value.some((one) => one.contact === address && one.optedOut);

const languages = (): string[] => [...new Set([...languageChoices(), readingLanguage.value])];

function useQuestion(address: string) {
  const [draft, setDraft] = useState<QuestionDraft>(() => again.value ?? emptyQuestion(readingLanguage.value, address));
  // One key for as long as the form is open: however often it is sent, it asks once.
  const [key] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => void (again.value = undefined), []);
  const change = (some: Partial<QuestionDraft>) => setDraft((old) => ({ ...old, ...some }));
  const send = async () => {
    setBusy(true);
    setError(undefined);
    try {
      noteAsked(await createQuestion(key, questionRequest(draft, settings.value.name)));
      go(`/questions/${key}`);
    } catch (problem) {
      // The answer to an earlier attempt was lost, and the question has been asked: that is the one to look at.
      if (problem instanceof ApiError && problem.status === 409) return go(`/questions/${key}`);
      setError(problem);
      setBusy(false);
    }
  };
  return { draft, change, busy, error, send };
}

export function QuestionForm({ address }: { address: string }) {
  const { draft, change, busy, error, send } = useQuestion(address);
  const [shown, setShown] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const faults = questionFaults(draft, { number: config.value?.number ?? "", optedOut });
  const faultOf = (field: QuestionField) => (shown ? faults.find((fault) => fault.field === field) : undefined);
  const submit = (event: Event) => {
    event.preventDefault();
    setShown(true);
    const [first] = faults;
    if (first) form.current?.querySelector<HTMLElement>(`#${idOf(first.field)}`)?.focus();
    else if (!busy) void send();
  };
  return (
    <form class="card" ref={form} onSubmit={submit} noValidate data-testid="question-form">
      <To draft={draft} change={change} fault={faultOf("number")} />
      <Text draft={draft} change={change} fault={faultOf("text")} />
      <Choices draft={draft} change={change} faultOf={faultOf} />
      <Preview draft={draft} />
      <Times draft={draft} change={change} fault={faultOf("remindAfter")} />
      {error !== undefined && <Failure error={error} />}
      <p class="form-foot">
        <button type="submit" class="button primary" disabled={busy} data-testid="ask-send">
          <Icon name="send" />
          {t(busy ? "questions.sending" : "questions.send")}
        </button>
      </p>
    </form>
  );
}

interface PartProps {
  draft: QuestionDraft;
  change: (some: Partial<QuestionDraft>) => void;
  fault: QuestionFault | undefined;
}

/** The attributes that tie a control to its hint and to what is wrong with it. */
function described(field: QuestionField, fault: QuestionFault | undefined, hint = true) {
  const id = idOf(field);
  const by = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return { id, "aria-invalid": fault !== undefined, ...(by ? { "aria-describedby": by } : {}), "data-testid": id };
}

function FaultText({ fault }: { fault: QuestionFault | undefined }) {
  if (!fault) return null;
  const id = `${idOf(fault.field)}-fault`;
  return (
    <p class="bad small" id={id} data-testid={id}>
      {t(`questions.fault.${fault.code}`, fault.values)}
    </p>
  );
}

function To({ draft, change, fault }: PartProps) {
  const contacts = sortedConversations.value.filter((one) => one.contact && !one.optedOut);
  const choose = (number: string) => {
    const known = contacts.find((one) => splitAddress(one.contact).number === number.trim());
    change({ number, ...(known ? { channel: splitAddress(known.contact).channel } : {}) });
  };
  return (
    <>
      <div class="field">
        <label for={idOf("number")}>{t("questions.field.number")}</label>
        <input
          {...described("number", fault)}
          value={draft.number}
          type="tel"
          list="ask-contacts"
          autoComplete="off"
          aria-required
          dir="ltr"
          onInput={(event) => choose(event.currentTarget.value)}
        />
        <datalist id="ask-contacts">
          {contacts.map(({ contact: address, language }) => (
            <option key={address} value={splitAddress(address).number}>
              {[contact(address).channel, languageName(language, uiLanguage.value)].filter(Boolean).join(" · ")}
            </option>
          ))}
        </datalist>
        <FaultText fault={fault} />
        <p class="muted small" id={`${idOf("number")}-hint`}>
          {t("questions.hint.number")}
        </p>
      </div>
      <Choice<Channel>
        legend={t("report.channel")}
        value={draft.channel}
        options={[
          ["sms", contact("sms:").channel],
          ["whatsapp", contact("whatsapp:").channel],
        ]}
        onChange={(channel) => change({ channel })}
        testid="ask-channel"
      />
    </>
  );
}

function Text({ draft, change, fault }: PartProps) {
  const used = [...draft.text.trim()].length;
  return (
    <>
      <div class="field">
        <label for={idOf("text")}>{t("questions.field.text")}</label>
        <textarea
          {...described("text", fault)}
          value={draft.text}
          rows={3}
          lang={langOf(draft.language)}
          dir="auto"
          aria-required
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
        <FaultText fault={fault} />
        <p class="muted small field-foot">
          <span id={`${idOf("text")}-hint`}>{t("questions.hint.text")}</span>
          <span class={used > LONGEST_QUESTION ? "bad" : ""} data-testid="ask-used">
            <span class="hidden">{t("directory.used")} </span>
            {t("directory.of", { used, max: LONGEST_QUESTION })}
          </span>
        </p>
      </div>
      <div class="field">
        <label for="ask-language">{t("questions.field.language")}</label>
        <select
          id="ask-language"
          value={draft.language}
          onChange={(event) => change({ language: event.currentTarget.value })}
          data-testid="ask-language"
        >
          {byName(languages()).map(([code, label]) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </>
  );
}

interface ChoicesProps {
  draft: QuestionDraft;
  change: (some: Partial<QuestionDraft>) => void;
  faultOf: (field: QuestionField) => QuestionFault | undefined;
}

function Choices({ draft: { choices, language }, change, faultOf }: ChoicesProps) {
  const [next, setNext] = useState<number>();
  const box = useRef<HTMLFieldSetElement>(null);
  // Before anything else can happen: words typed at once belong where the focus was put next.
  useLayoutEffect(() => {
    if (next === undefined) return;
    const wanted = box.current?.querySelector<HTMLElement>(`#ask-choice-${next}`);
    (wanted ?? box.current?.querySelector<HTMLElement>("[data-testid=ask-add]"))?.focus();
    setNext(undefined);
  }, [next]);
  const put = (list: Option[], focus?: number) => {
    change({ choices: list });
    setNext(focus);
  };
  // Somebody who changes the words of a preset means something else by it.
  const write = (at: number, text: string) => put(choices.map((one, index) => (index === at ? { text } : one)));
  const remove = (at: number) => put(choices.toSpliced(at, 1), Math.min(at, choices.length - 2));
  return (
    <fieldset class="choices" ref={box} aria-describedby="ask-choices-hint">
      <legend>
        {t("questions.choices")} <span class="muted small optional">{t("directory.optional")}</span>
      </legend>
      {choices.map((choice, at) => (
        <ChoiceRow
          key={at}
          at={at}
          text={choice.text}
          language={language}
          fault={faultOf(`choice-${at}`)}
          onChange={(text) => write(at, text)}
          onRemove={() => remove(at)}
        />
      ))}
      <p class="actions">
        <button
          type="button"
          class="button"
          disabled={choices.length >= MOST_CHOICES}
          onClick={() => put([...choices, { text: "" }], choices.length)}
          data-testid="ask-add"
        >
          <Icon name="plus" />
          {t("questions.addChoice")}
        </button>
        {!choices.length && (
          <button
            type="button"
            class="button"
            onClick={() =>
              put(
                [
                  { value: "yes", text: t("questions.yes") },
                  { value: "no", text: t("questions.no") },
                ],
                0,
              )
            }
            data-testid="ask-yes-no"
          >
            {t("questions.yesNo")}
          </button>
        )}
      </p>
      <p class="muted small" id="ask-choices-hint">
        {t("questions.hint.choices", { max: MOST_CHOICES })}
      </p>
    </fieldset>
  );
}

interface RowProps {
  at: number;
  text: string;
  language: string;
  fault: QuestionFault | undefined;
  onChange: (text: string) => void;
  onRemove: () => void;
}

function ChoiceRow({ at, text, language, fault, onChange, onRemove }: RowProps) {
  return (
    <div class="choice-row">
      <span class="choice-number" aria-hidden="true">
        {at + 1}
      </span>
      <input
        {...described(`choice-${at}`, fault, false)}
        aria-label={t("questions.choice", { number: at + 1 })}
        value={text}
        lang={langOf(language)}
        dir="auto"
        autoComplete="off"
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <button
        type="button"
        class="button quiet icon-only"
        onClick={onRemove}
        aria-label={t("questions.removeChoice", { number: at + 1 })}
        data-testid={`ask-remove-${at}`}
      >
        <Icon name="close" />
      </button>
      <FaultText fault={fault} />
    </div>
  );
}

/** The words as they go out, and what they come to as a text message. */
function Preview({ draft }: { draft: QuestionDraft }) {
  if (!draft.text.trim()) return null;
  const words = sentWords(draft);
  const size = smsSize(words);
  const formatted = new Intl.NumberFormat(locale.value).format(size.characters);
  return (
    <section class="preview" aria-labelledby="ask-preview">
      <h3 id="ask-preview">{t("questions.preview")}</h3>
      <p class="words" lang={langOf(draft.language)} dir="auto" data-testid="ask-preview">
        {words}
      </p>
      <p class="muted small" data-testid="ask-size">
        {t("reply.characters", { count: size.characters, formatted })} · {t("reply.segments", { count: size.segments })}
        . {t("questions.hint.preview")}
      </p>
    </section>
  );
}

function Times({ draft, change, fault }: PartProps) {
  const reader = locale.value;
  const reminders = REMINDERS.filter((seconds) => seconds < draft.answerWithin || seconds === draft.remindAfter);
  return (
    <div class="field-pair">
      <div class="field">
        <label for="ask-deadline">{t("questions.field.deadline")}</label>
        <select
          id="ask-deadline"
          value={String(draft.answerWithin)}
          onChange={(event) => change({ answerWithin: Number(event.currentTarget.value) })}
          data-testid="ask-deadline"
        >
          {DEADLINES.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {spelled(seconds, reader)}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={idOf("remindAfter")}>{t("questions.field.remindAfter")}</label>
        <select
          {...described("remindAfter", fault, false)}
          value={String(draft.remindAfter)}
          onChange={(event) => change({ remindAfter: Number(event.currentTarget.value) })}
        >
          <option value="0">{t("questions.noReminder")}</option>
          {reminders.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {t("questions.remindAfter", { duration: spelled(seconds, reader) })}
            </option>
          ))}
        </select>
        <FaultText fault={fault} />
      </div>
    </div>
  );
}
