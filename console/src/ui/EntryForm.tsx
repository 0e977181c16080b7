/** One entry of the directory in a form: new, changed, deleted, and what to do when somebody else was quicker. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, createEntry, deleteEntry, getEntry, replaceEntry } from "../api.ts";
import { deskLanguage, entryLanguages, remember, said } from "../directory.ts";
import { locale, t, uiLanguage } from "../i18n/index.ts";
import {
  differing,
  type Draft,
  draftOf,
  emptyDraft,
  type Fault,
  faultsOf,
  type Field,
  FIELDS,
  keywordsOf,
  lengthOf,
  LONGEST,
  MOST_KEYWORDS,
  requestOf,
} from "../lib/directory.ts";
import { langOf, languageName, moment } from "../lib/format.ts";
import type { Entry } from "../lib/schema.ts";
import { go } from "../router.ts";
import { Failure, Spinner, Title, useLoad } from "./basics.tsx";
import { Confirm } from "./Confirm.tsx";
import { Icon } from "./icons.tsx";
import { byName } from "./languages.ts";

export const faultText = ({ code, values }: Fault): string => t(`directory.fault.${code}`, values);

function Frame({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{title}</Title>
        <a class="button" href="#/directory">
          <Icon name="back" />
          {t("directory.back")}
        </a>
      </header>
      {children}
    </main>
  );
}

export const NewEntryPage = () => (
  <Frame title={t("directory.new")}>
    <Form />
  </Frame>
);

export function EntryPage({ entryId }: { entryId: string }) {
  const { value, error, retry } = useLoad(() => getEntry(entryId), [entryId]);
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <Frame title={t("directory.edit")}>
      {value ? (
        <Form entry={value} />
      ) : error ? (
        <Failure error={error} {...(missing ? { text: t("directory.notFound") } : {})} retry={retry} />
      ) : (
        <Spinner />
      )}
    </Frame>
  );
}

/** What somebody else made of the entry meanwhile: another version, or nothing any more. */
interface Conflict {
  wanted: "save" | "delete";
  theirs: Entry | undefined;
}

function done(text: string): void {
  said.value = text;
  go("/directory");
}

/** The entry as it is now, after the server refused a change because of it. Throws when that cannot be told. */
async function current(entryId: string): Promise<Entry | undefined> {
  return getEntry(entryId).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
}

const refused = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 412 || error.status === 404 || error.status === 409);

/** Whether an earlier attempt to save the form did arrive, with other words. */
const sentBefore = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

function useEntry(entry: Entry | undefined) {
  const [base, setBase] = useState(entry);
  const [draft, setDraft] = useState<Draft>(() => (entry ? draftOf(entry) : emptyDraft(deskLanguage())));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [conflict, setConflict] = useState<Conflict>();
  // One for the whole form: an answer that is lost does not make a second entry of the next attempt.
  const [key] = useState(() => crypto.randomUUID());
  const attempt = async (wanted: Conflict["wanted"], on: Entry | undefined, act: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await act().catch(async (problem: unknown) => {
        if (!on || !refused(problem)) throw problem;
        const theirs = await current(on.entryId);
        // The answer to our own change was lost: what is there is what we wanted.
        if (wanted === "save" && theirs && !differing(draft, draftOf(theirs))[0]) return saved(theirs);
        if (wanted === "delete" && !theirs) return gone(on);
        setConflict({ wanted, theirs });
      });
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const saved = (now: Entry) => {
    remember(now.entryId, now);
    done(t("directory.saved", { name: now.name }));
  };
  const gone = (was: Entry) => {
    remember(was.entryId);
    done(t("directory.deleted", { name: was.name }));
  };
  const save = (on: Entry | undefined) =>
    attempt("save", on, async () => {
      const request = requestOf(draft);
      saved(await (on ? replaceEntry(on.entryId, on.version, request) : createEntry(request, key)));
    });
  const remove = (on: Entry) =>
    attempt("delete", on, async () => {
      await deleteEntry(on.entryId, on.version);
      gone(on);
    });
  /** Goes on from what is there now, with the own words or with theirs. */
  const settle = (theirs: Entry | undefined, words: Draft) => {
    setConflict(undefined);
    setBase(theirs);
    setDraft(words);
  };
  return { base, draft, setDraft, busy, error, conflict, save, remove, settle };
}

function Form({ entry }: { entry?: Entry }) {
  const state = useEntry(entry);
  const { base, draft, setDraft, busy, error, conflict, save, remove, settle } = state;
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const faults = faultsOf(requestOf(draft), entryLanguages());
  const submit = (event: Event) => {
    event.preventDefault();
    setShown(true);
    const [first] = faults;
    if (first) form.current?.querySelector<HTMLElement>(`#entry-${first.field}`)?.focus();
    else if (!busy) void save(base);
  };
  const mine = async (theirs: Entry | undefined) => {
    settle(theirs, draft);
    await (conflict?.wanted === "delete" && theirs ? remove(theirs) : save(theirs));
  };
  return (
    <>
      {conflict && (
        <ConflictPanel
          conflict={conflict}
          draft={draft}
          busy={busy}
          onMine={() => void mine(conflict.theirs)}
          onTheirs={() => (conflict.theirs ? settle(conflict.theirs, draftOf(conflict.theirs)) : base && leave(base))}
        />
      )}
      <form class="card" ref={form} onSubmit={submit} noValidate data-testid="entry-form">
        {FIELDS.map((field) => (
          <FieldOf
            key={field}
            field={field}
            draft={draft}
            fault={shown ? faults.find((fault) => fault.field === field) : undefined}
            onChange={(value) => setDraft((old) => ({ ...old, [field]: value }))}
          />
        ))}
        {error !== undefined && (
          <Failure error={error} {...(sentBefore(error) ? { text: t("directory.sentBefore") } : {})} />
        )}
        <p class="form-foot">
          <button
            type="submit"
            class="button primary"
            disabled={busy || conflict !== undefined}
            data-testid="entry-save"
          >
            {t(busy ? "directory.saving" : "directory.save")}
          </button>
          {base && (
            <button
              type="button"
              class="button danger"
              disabled={busy || conflict !== undefined}
              onClick={() => setAsking(true)}
              data-testid="entry-delete"
            >
              <Icon name="trash" />
              {t("directory.delete")}
            </button>
          )}
        </p>
        {base?.updatedAt && (
          <p class="muted small">{t("directory.updated", { when: moment(base.updatedAt, locale.value) })}</p>
        )}
      </form>
      {asking && base && (
        <Confirm
          title={t("directory.deleteTitle", { name: base.name })}
          text={t("directory.deleteText")}
          keep={t("directory.keep")}
          act={t("directory.delete")}
          onClose={() => setAsking(false)}
          onAct={() => void remove(base)}
        />
      )}
    </>
  );
}

/** Somebody deleted it, and that is to stay so. */
function leave(was: Entry): void {
  remember(was.entryId);
  done(t("directory.deleted", { name: was.name }));
}

const LINES: Partial<Record<Field, number>> = { keywords: 2, text: 4 };
const PURPOSE: Partial<Record<Field, string>> = { phone: "tel", link: "url" };

/** How full a field is: characters, or keywords. */
function fill(field: Field, draft: Draft): { used: number; max: number } | undefined {
  if (field === "keywords") return { used: keywordsOf(draft.keywords).length, max: MOST_KEYWORDS };
  if (field === "language") return undefined;
  return { used: lengthOf(draft[field]), max: LONGEST[field] };
}

interface FieldProps {
  field: Field;
  draft: Draft;
  fault: Fault | undefined;
  onChange: (value: string) => void;
}

function FieldOf({ field, draft, fault, onChange }: FieldProps) {
  const id = `entry-${field}`;
  const room = fill(field, draft);
  const needed = field === "name" || field === "keywords";
  const shared = {
    id,
    value: draft[field],
    "aria-describedby": [fault && `${id}-fault`, `${id}-hint`].filter(Boolean).join(" "),
    "aria-invalid": fault !== undefined,
    "aria-required": needed,
    "data-testid": id,
  };
  const words = { dir: "auto" as const, autoComplete: "off" };
  return (
    <div class="field">
      <label for={id}>
        {t(`directory.field.${field}`)} {!needed && field !== "language" && <Optional />}
      </label>
      {field === "language" ? (
        <select {...shared} onChange={(event) => onChange(event.currentTarget.value)}>
          {byName(entryLanguages()).map(([code, label]) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
      ) : LINES[field] ? (
        <textarea
          {...shared}
          {...words}
          rows={LINES[field]}
          lang={field === "keywords" ? deskLanguage() : langOf(draft.language)}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <input
          {...shared}
          {...words}
          inputMode={(PURPOSE[field] ?? "text") as "text"}
          spellcheck={!PURPOSE[field]}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
      {fault && (
        <p class="bad small" id={`${id}-fault`} data-testid={`${id}-fault`}>
          {faultText(fault)}
        </p>
      )}
      <p class="muted small field-foot">
        <span id={`${id}-hint`}>
          {t(`directory.hint.${field}`, { language: languageName(deskLanguage(), uiLanguage.value) })}
        </span>
        {room && (
          <span class={room.used > room.max ? "bad" : ""} data-testid={`${id}-count`}>
            <span class="hidden">{t(field === "keywords" ? "directory.keywordsUsed" : "directory.used")} </span>
            {t("directory.of", room)}
          </span>
        )}
      </p>
    </div>
  );
}

const Optional = () => <span class="muted small optional">{t("directory.optional")}</span>;

interface ConflictProps {
  conflict: Conflict;
  draft: Draft;
  busy: boolean;
  onMine: () => void;
  onTheirs: () => void;
}

function ConflictPanel({ conflict: { wanted, theirs }, draft, busy, onMine, onTheirs }: ConflictProps) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus(), []);
  const kind = theirs ? (wanted === "delete" ? "deleting" : "changed") : "gone";
  return (
    <section class="card conflict" aria-labelledby="conflict-title" data-testid="conflict" data-kind={kind}>
      <h2 id="conflict-title" tabIndex={-1} ref={ref}>
        {t(`directory.conflict.${kind}.title`)}
      </h2>
      <p>{t(`directory.conflict.${kind}.text`)}</p>
      {theirs && <Differences mine={draft} theirs={draftOf(theirs)} />}
      <p class="form-foot">
        <button type="button" class="button primary" disabled={busy} onClick={onTheirs} data-testid="conflict-theirs">
          {t(`directory.conflict.${kind}.theirs`)}
        </button>
        <button type="button" class="button" disabled={busy} onClick={onMine} data-testid="conflict-mine">
          {t(`directory.conflict.${kind}.mine`)}
        </button>
      </p>
    </section>
  );
}

function Differences({ mine, theirs }: { mine: Draft; theirs: Draft }) {
  const fields = differing(mine, theirs);
  if (!fields.length) return null;
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-labelledby="conflict-title">
      <table data-testid="differences">
        <thead>
          <tr>
            <th scope="col">{t("directory.import.field")}</th>
            <th scope="col">{t("directory.conflict.yours")}</th>
            <th scope="col">{t("directory.conflict.there")}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{t(`directory.field.${field}`)}</th>
              <td dir="auto">{mine[field] || "–"}</td>
              <td dir="auto">{theirs[field] || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
