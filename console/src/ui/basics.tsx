/** Small parts that the pages share. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { type Key, t } from "../i18n/index.ts";
import { pieces } from "../lib/links.ts";
import { langOf } from "../lib/format.ts";
import { moved } from "../router.ts";
import { Icon, type IconName } from "./icons.tsx";

/** Words that somebody wrote: always text, never markup. Web addresses in them become links. */
export function Words({
  text,
  language,
  testid,
  class: style = "",
}: {
  text: string;
  language?: string | undefined;
  testid?: string;
  class?: string;
}) {
  return (
    <p class={`words ${style}`} lang={langOf(language)} dir="auto" data-testid={testid}>
      {pieces(text).map(({ text: piece, href }) =>
        href ? (
          <a href={href} target="_blank" rel="noopener noreferrer nofollow">
            {piece}
          </a>
        ) : (
          piece
        ),
      )}
    </p>
  );
}

export function Spinner({ label = t("app.loading") }: { label?: string }) {
  return (
    <p class="spinner" role="status">
      <span class="spinner-mark" aria-hidden="true" />
      {label}
    </p>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  hint?: string | undefined;
  children?: ComponentChildren;
}

export function Empty({ icon, title, hint, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {hint && <p class="muted">{hint}</p>}
      {children}
    </div>
  );
}

const BY_STATUS: Record<number, Key> = {
  0: "errors.network",
  401: "errors.signedOut",
  403: "errors.forbidden",
  404: "errors.notFound",
  429: "errors.limit",
};

/** A term and what there is to say of it; nothing where there is nothing. For inside a `dl`. */
export const Fact = ({ name, children }: { name: string; children: ComponentChildren }) =>
  children ? (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  ) : null;

export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t("errors.other");
  const own = BY_STATUS[error.status] ?? (error.status >= 500 ? "errors.server" : undefined);
  return own ? t(own) : error.message || t("errors.other");
}

export function Failure({ error, text, retry }: { error?: unknown; text?: string; retry?: () => void }) {
  const id = error instanceof ApiError ? error.requestId : undefined;
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <div>
        <p>{text ?? errorText(error)}</p>
        {id && <p class="muted small">{t("errors.requestId", { id })}</p>}
      </div>
      {retry && (
        <button type="button" class="button" onClick={retry}>
          {t("app.retry")}
        </button>
      )}
    </div>
  );
}

export function CopyButton({ value, label }: { value: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => undefined,
    );
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <button type="button" class="button quiet" onClick={() => void copy()} aria-label={`${t("app.copy")}: ${label}`}>
      <Icon name={copied ? "check" : "copy"} />
      <span aria-live="polite">{copied ? t("app.copied") : t("app.copy")}</span>
    </button>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  compact?: boolean;
  testid?: string;
}

let groups = 0;

/** One of a few, as radio buttons that look like a switch. */
export function Choice<T extends string>({ legend, value, options, onChange, compact, testid }: ChoiceProps<T>) {
  const [name] = useState(() => `choice-${++groups}`);
  return (
    <fieldset class={`choice ${compact ? "compact" : ""}`} data-testid={testid}>
      <legend class={compact ? "hidden" : ""}>{legend}</legend>
      <div class="choice-options">
        {options.map(([option, label]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => onChange(option)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A page's heading. It takes the focus when the page opens, so that a screen reader begins there. */
export function Title({
  children,
  class: style = "",
  as: Tag = "h1",
}: {
  children: ComponentChildren;
  class?: string;
  as?: "h1" | "h2";
}) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const active = document.activeElement;
    const gone = !active || active === document.body || !active.checkVisibility();
    if (moved.value && (gone || active.closest("nav"))) ref.current?.focus({ preventScroll: true });
  }, []);
  return (
    <Tag tabIndex={-1} ref={ref} class={style}>
      {children}
    </Tag>
  );
}

/** Runs something that loads, and tells how far it is. A later run makes an earlier one's answer void. */
export function useLoad<T>(load: () => Promise<T>, keys: readonly unknown[]) {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({});
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let wanted = true;
    setState({});
    load().then(
      (value) => wanted && setState({ value }),
      (error: unknown) => wanted && setState({ error }),
    );
    return () => {
      wanted = false;
    };
  }, [...keys, attempt]);
  return { ...state, retry: () => setAttempt(attempt + 1) };
}
