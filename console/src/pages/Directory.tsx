/** The directory: places, numbers and hours that answers are made of. */
import { useEffect, useState } from "preact/hooks";
import { deskLanguage, entries, listing, loadEntries, said } from "../directory.ts";
import { t, uiLanguage } from "../i18n/index.ts";
import { search, writeTable } from "../lib/directory.ts";
import { langOf, languageName, localDay } from "../lib/format.ts";
import type { Entry } from "../lib/schema.ts";
import { Empty, Failure, Spinner, Title } from "../ui/basics.tsx";
import { EntryPage, NewEntryPage } from "../ui/EntryForm.tsx";
import { Icon } from "../ui/icons.tsx";
import { ImportPage } from "../ui/ImportEntries.tsx";

/** So many entries are drawn at first, and more when asked for. */
const SHOWN = 100;

export function DirectoryPage({ entry }: { entry: string | undefined }) {
  if (entry === "new") return <NewEntryPage />;
  if (entry === "import") return <ImportPage />;
  return entry ? <EntryPage key={entry} entryId={entry} /> : <List />;
}

function List() {
  const [wanted, setWanted] = useState("");
  const [note, setNote] = useState("");
  useEffect(() => {
    void loadEntries();
    // Said once the page is there: a screen reader tells what changes in a region, not what it began with.
    const timer = setTimeout(() => {
      setNote(said.value);
      said.value = "";
    }, 100);
    return () => clearTimeout(timer);
  }, []);
  const all = entries.value;
  const { state, error } = listing.value;
  return (
    <main class="page" id="content">
      <header class="page-head">
        <Title>{t("directory.title")}</Title>
        <Actions all={all} ready={state === "ready"} />
      </header>
      <p class="muted">{t("directory.intro")}</p>
      <p role="status" class="said" data-testid="directory-said">
        {note && (
          <span class="banner ok">
            <Icon name="check" />
            {note}
          </span>
        )}
      </p>
      {all.length > 0 && <Search value={wanted} onChange={setWanted} />}
      <Entries all={all} wanted={wanted} onClear={() => setWanted("")} />
      {state === "loading" && !all.length && <Spinner />}
      {state === "failed" && <Failure error={error} retry={() => void loadEntries()} />}
      {state === "ready" && !all.length && (
        <Empty icon="book" title={t("directory.empty")} hint={t("directory.emptyHint")} />
      )}
    </main>
  );
}

function Actions({ all, ready }: { all: readonly Entry[]; ready: boolean }) {
  return (
    <div class="actions">
      <a class="button primary" href="#/directory/new" data-testid="directory-new">
        <Icon name="plus" />
        {t("directory.new")}
      </a>
      <a class="button" href="#/directory/import" data-testid="directory-import">
        <Icon name="upload" />
        {t("directory.import.action")}
      </a>
      <button
        type="button"
        class="button"
        disabled={!ready || !all.length}
        onClick={() => download(all)}
        data-testid="directory-export"
      >
        <Icon name="download" />
        {t("directory.export")}
      </button>
    </div>
  );
}

function download(all: readonly Entry[]): void {
  const address = URL.createObjectURL(new Blob([writeTable(all)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `directory-${localDay(Date.now())}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <div class="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        value={value}
        placeholder={t("directory.search")}
        aria-label={t("directory.search")}
        onInput={(event) => onChange(event.currentTarget.value)}
        data-testid="directory-search"
      />
    </div>
  );
}

function Entries({ all, wanted, onClear }: { all: readonly Entry[]; wanted: string; onClear: () => void }) {
  const [shown, setShown] = useState(SHOWN);
  const found = search(all, wanted);
  return (
    <>
      <p role="status" class={all.length ? "muted small found-count" : "hidden"}>
        {all.length > 0 && t("directory.count", { count: found.length })}
      </p>
      {found.length > 0 && (
        <ul class="entries" aria-label={t("directory.title")} data-testid="entries">
          {found.slice(0, shown).map((entry) => (
            <Item key={entry.entryId} entry={entry} />
          ))}
        </ul>
      )}
      {found.length > shown && (
        <p class="top">
          <button type="button" class="button" onClick={() => setShown(shown + SHOWN)}>
            {t("directory.more")}
          </button>
        </p>
      )}
      {all.length > 0 && !found.length && (
        <Empty icon="search" title={t("list.none")} hint={t("directory.noneHint")}>
          <button type="button" class="button" onClick={onClear}>
            {t("directory.clear")}
          </button>
        </Empty>
      )}
    </>
  );
}

function Item({ entry }: { entry: Entry }) {
  const { entryId, name, keywords, language, address, phone, hours } = entry;
  const facts = [address, phone, hours].filter(Boolean);
  return (
    <li class="entry" data-testid="entry" data-entry-id={entryId}>
      <a class="entry-name" href={`#/directory/${entryId}`} lang={langOf(language)} dir="auto">
        {name}
      </a>
      {facts.length > 0 && (
        <p class="small entry-facts" lang={langOf(language)}>
          {facts.map((fact, index) => (
            <bdi key={index}>{fact}</bdi>
          ))}
        </p>
      )}
      <p class="muted small">
        <span class="hidden">{t("directory.field.keywords")}: </span>
        <bdi>{keywords.join(", ")}</bdi>
        {language !== deskLanguage() && ` · ${languageName(language, uiLanguage.value)}`}
      </p>
    </li>
  );
}
