/** Entries out of a table: first a report of what is wrong, then, when asked to, saving them one by one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, createEntry, getEntry, replaceEntry } from "../api.ts";
import { deskLanguage, entries, entryLanguages, loadEntries, remember, said } from "../directory.ts";
import { t } from "../i18n/index.ts";
import { decode } from "../lib/csv.ts";
import {
  type Column,
  differing,
  draftOf,
  isMadeOf,
  readTable,
  type Row,
  type Table,
  writeTable,
} from "../lib/directory.ts";
import { go } from "../router.ts";
import { errorText, Title } from "./basics.tsx";
import { faultText } from "./EntryForm.tsx";
import { FileDrop } from "./FileDrop.tsx";
import { Icon } from "./icons.tsx";

const LARGEST = 5_000_000;

interface Trouble {
  row: number;
  field: string;
  reason: string;
}

interface Progress {
  total: number;
  saved: number;
  failed: Trouble[];
  ended: boolean;
}

interface Chosen {
  name: string;
  table?: Table;
  problem?: string;
}

export function ImportPage() {
  const [chosen, setChosen] = useState<Chosen>();
  const [progress, setProgress] = useState<Progress>();
  const stopped = useRef(false);
  useEffect(() => {
    void loadEntries();
    return () => void (stopped.current = true);
  }, []);
  const start = async (rows: readonly Row[]) => {
    stopped.current = false;
    const result = await saveAll(rows, setProgress, () => stopped.current);
    if (result.failed.length || result.saved < result.total) return;
    said.value = t("directory.import.done", { count: result.saved });
    go("/directory");
  };
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{t("directory.import.title")}</Title>
        <a class="button" href="#/directory">
          <Icon name="back" />
          {t("directory.back")}
        </a>
      </header>
      <div class="stack">
        {!progress && <Choose onFile={(file) => void read(file).then(setChosen)} />}
        {chosen && !progress && <Findings chosen={chosen} onStart={(rows) => void start(rows)} />}
        {progress && (
          <Saving
            progress={progress}
            onStop={() => (stopped.current = true)}
            onAgain={() => {
              setChosen(undefined);
              setProgress(undefined);
            }}
          />
        )}
      </div>
    </main>
  );
}

async function read(file: File): Promise<Chosen> {
  if (file.size > LARGEST) return { name: file.name, problem: t("directory.import.tooLarge") };
  try {
    const text = decode(new Uint8Array(await file.arrayBuffer()));
    return { name: file.name, table: readTable(text, entryLanguages(), deskLanguage()) };
  } catch {
    return { name: file.name, problem: t("directory.import.unreadable") };
  }
}

/**
 * Saves one row: a new entry under the key of this attempt, or a change of the version that the row was made from; where it
 * names none, of the one that is there. What is there already is left alone, so that a table can be imported once more when
 * it was mended, or stopped halfway.
 */
async function saveRow({ entryId, version, entry }: Row, key: string): Promise<void> {
  const there = entryId ? await getEntry(entryId) : entries.value.find((one) => isMadeOf(one, entry));
  if (there && !differing(draftOf(there), draftOf(entry)).length) return remember(there.entryId, there);
  const saved = await (there ? replaceEntry(there.entryId, version ?? there.version, entry) : createEntry(entry, key));
  remember(saved.entryId, saved);
}

const again = (error: unknown): boolean => error instanceof ApiError && (error.status === 429 || error.status === 503);

/** Once more after a while, where the server only asked for patience. */
async function patiently(act: () => Promise<void>): Promise<void> {
  for (const wait of [1_000, 3_000])
    try {
      return await act();
    } catch (error) {
      if (!again(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  return act();
}

function reasonOf(error: unknown): string {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 412) return t("directory.import.conflict");
  return status === 404 ? t("directory.import.unknown") : errorText(error);
}

/** One after another: the order of the table is kept, and the API's limits are far away. */
async function saveAll(
  rows: readonly Row[],
  tell: (progress: Progress) => void,
  stopped: () => boolean,
): Promise<Progress> {
  let progress: Progress = { total: rows.length, saved: 0, failed: [], ended: false };
  tell(progress);
  for (const row of rows) {
    if (stopped()) break;
    const key = crypto.randomUUID();
    try {
      await patiently(() => saveRow(row, key));
      progress = { ...progress, saved: progress.saved + 1 };
    } catch (error) {
      const trouble = { row: row.row, field: row.entryId ? "entryId" : "", reason: reasonOf(error) };
      progress = { ...progress, failed: [...progress.failed, trouble] };
    }
    tell(progress);
  }
  progress = { ...progress, ended: true };
  tell(progress);
  return progress;
}

function Choose({ onFile }: { onFile: (file: File) => void }) {
  return (
    <section class="card" aria-labelledby="choose-title">
      <h2 id="choose-title">{t("directory.import.choose")}</h2>
      <p>{t("directory.import.columns")}</p>
      <p class="columns">
        <code>{writeTable([]).replace("\uFEFF", "").trim()}</code>
      </p>
      <p class="muted small">{t("directory.import.explain")}</p>
      <FileDrop
        prompt={t("directory.import.drop")}
        choose={t("directory.import.browse")}
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values"
        onFiles={([file]) => file && onFile(file)}
        testid="import-file"
      />
    </section>
  );
}

function Findings({ chosen: { name, table, problem }, onStart }: { chosen: Chosen; onStart: (rows: Row[]) => void }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus(), [name, table]);
  return (
    <section class="card" aria-labelledby="findings-title" data-testid="findings">
      <h2 id="findings-title" tabIndex={-1} ref={ref}>
        {t("directory.import.found", { file: name })}
      </h2>
      {problem && <p class="banner bad">{problem}</p>}
      {table && <Report table={table} onStart={onStart} />}
    </section>
  );
}

const columnName = (column: Column): string =>
  column === "entryId" || column === "version" ? column : t(`directory.field.${column}`);

function Report({ table: { rows, bad, missing, ignored }, onStart }: { table: Table; onStart: (rows: Row[]) => void }) {
  if (missing.length)
    return (
      <p class="banner bad" data-testid="import-missing">
        {t("directory.import.missing", { columns: missing.join(", ") })}
      </p>
    );
  const fresh = rows.filter((row) => !row.entryId).length;
  const left = new Set(bad.map(({ row }) => row)).size;
  return (
    <div class="stack">
      <ul class="tally" data-testid="import-tally">
        <li>{t("directory.import.new", { count: fresh })}</li>
        <li>{t("directory.import.changed", { count: rows.length - fresh })}</li>
        <li class={left ? "bad" : ""}>{t("directory.import.bad", { count: left })}</li>
      </ul>
      {ignored.length > 0 && <p class="note">{t("directory.import.ignored", { columns: ignored.join(", ") })}</p>}
      {bad.length > 0 && (
        <Troubles
          rows={bad.map((fault) => ({ row: fault.row, field: columnName(fault.field), reason: faultText(fault) }))}
        />
      )}
      {left > 0 && <p>{t("directory.import.mend")}</p>}
      {rows.length > 0 ? (
        <p>
          <button
            type="button"
            class={`button ${left ? "" : "primary"}`}
            onClick={() => onStart(rows)}
            data-testid="import-start"
          >
            {left
              ? t("directory.import.startGood", { count: rows.length })
              : t("directory.import.start", { count: rows.length })}
          </button>
        </p>
      ) : (
        !left && <p>{t("directory.import.nothing")}</p>
      )}
    </div>
  );
}

/** So many rows of a report are drawn; whoever has more of them has one cause. */
const DRAWN = 200;

function Troubles({ rows }: { rows: readonly Trouble[] }) {
  return (
    <div class="table-wrap troubles" tabIndex={0} role="region" aria-label={t("directory.import.report")}>
      <table data-testid="import-report">
        <thead>
          <tr>
            <th scope="col">{t("directory.import.row")}</th>
            <th scope="col">{t("directory.import.field")}</th>
            <th scope="col">{t("directory.import.reason")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, DRAWN).map(({ row, field, reason }) => (
            <tr key={`${row}-${field}`}>
              <th scope="row">{row}</th>
              <td>{field}</td>
              <td dir="auto">{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > DRAWN && <p class="note">{t("directory.import.moreBad", { count: rows.length - DRAWN })}</p>}
    </div>
  );
}

interface SavingProps {
  progress: Progress;
  onStop: () => void;
  onAgain: () => void;
}

function Saving({ progress: { total, saved, failed, ended }, onStop, onAgain }: SavingProps) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus(), []);
  const through = saved + failed.length;
  return (
    <section class="card" aria-labelledby="saving-title" data-testid="saving" data-ended={ended}>
      <h2 id="saving-title" tabIndex={-1} ref={ref}>
        {t(ended ? "directory.import.result" : "directory.import.saving")}
      </h2>
      <div class="stack">
        <progress aria-labelledby="saving-title" value={through} max={total} />
        <p role={ended ? "status" : undefined} data-testid="import-progress">
          {t("directory.import.progress", { saved, total })}
          {failed.length > 0 && <span class="bad"> · {t("directory.import.failed", { count: failed.length })}</span>}
        </p>
        {failed.length > 0 && <Troubles rows={failed} />}
        <p class="form-foot">
          {ended ? (
            <button type="button" class="button" onClick={onAgain}>
              {t("directory.import.again")}
            </button>
          ) : (
            <button type="button" class="button" onClick={onStop} data-testid="import-stop">
              {t("directory.import.stop")}
            </button>
          )}
        </p>
      </div>
    </section>
  );
}
