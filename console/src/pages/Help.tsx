/** Help: the keyboard and how things work; the same as a page and as a dialog. */
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Title } from "../ui/basics.tsx";
import { Icon } from "../ui/icons.tsx";

const KEYS = [
  [["?"], "help"],
  [["/"], "search"],
  [["j"], "next"],
  [["k"], "previous"],
  [["u"], "unread"],
  [["r"], "reply"],
  [["o"], "show"],
  [["Esc"], "escape"],
] as const;

export function Keyboard() {
  return (
    <dl class="keys">
      {KEYS.map(([keys, name]) => (
        <div key={name}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{t(`help.keys.${name}`)}</dd>
        </div>
      ))}
    </dl>
  );
}

const TOPICS = [
  "translation",
  "length",
  "optOut",
  "connection",
  "pictures",
  "directory",
  "questions",
  "digest",
] as const;

export function HelpPage() {
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{t("help.title")}</Title>
      </header>
      <div class="stack">
        {TOPICS.map((topic) => (
          <section class="card" key={topic}>
            <h2>{t(`help.${topic}.title`)}</h2>
            <p>{t(`help.${topic}.text`)}</p>
          </section>
        ))}
        <section class="card">
          <h2>{t("help.ticks.title")}</h2>
          <dl class="facts">
            {(["sent", "delivered", "read", "failed"] as const).map((tick) => [
              <dt key={tick}>{t(`ticks.${tick}`)}</dt>,
              <dd key={`${tick}-is`}>{t(`help.ticks.${tick}`)}</dd>,
            ])}
          </dl>
        </section>
        <section class="card">
          <h2>{t("help.keyboard")}</h2>
          <Keyboard />
        </section>
      </div>
    </main>
  );
}

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog class="help-dialog" ref={ref} onClose={onClose} aria-labelledby="keyboard-title" data-testid="help-dialog">
      <button
        type="button"
        class="button quiet icon-only close"
        onClick={() => ref.current?.close()}
        aria-label={t("app.close")}
      >
        <Icon name="close" />
      </button>
      <h2 id="keyboard-title">{t("help.keyboard")}</h2>
      <Keyboard />
      <p>
        <a href="#/help" onClick={() => ref.current?.close()}>
          {t("help.basics")}
        </a>
      </p>
    </dialog>
  );
}
