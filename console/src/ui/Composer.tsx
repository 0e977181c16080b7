/** The box in which an operator writes. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t, locale } from "../i18n/index.ts";
import { excess, smsSize } from "../lib/sms.ts";
import { settings } from "../settings.ts";
import { draftOf, keepDraft, write } from "../state.ts";
import { Icon } from "./icons.tsx";

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

interface ComposerProps {
  conversationId: string;
  /** The room has no phone at its end: no segments are counted. */
  toRoom: boolean;
  /** The name of the language it is sent in. */
  language: string;
  disabled: boolean;
}

export function Composer({ conversationId, toRoom, language, disabled }: ComposerProps) {
  const [text, setText] = useState(() => draftOf(conversationId));
  const box = useRef<HTMLTextAreaElement>(null);
  const size = smsSize(text);
  const over = excess(text);
  const ready = text.trim() !== "" && over <= 0 && !disabled;
  useEffect(() => grow(box.current), [text]);
  const change = (value: string) => {
    setText(value);
    keepDraft(conversationId, value);
  };
  const send = () => {
    if (!ready) return;
    write(conversationId, text.trim());
    change("");
    box.current?.focus();
  };
  const label = toRoom ? t("reply.labelRoom") : t("reply.label");
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-row">
        <label class="hidden" for="reply">
          {label}
        </label>
        <textarea
          id="reply"
          ref={box}
          rows={1}
          value={text}
          dir="auto"
          disabled={disabled}
          placeholder={placeholder(toRoom, disabled, language)}
          aria-describedby="reply-size"
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && sends(event)) {
              event.preventDefault();
              send();
            }
          }}
          data-testid="reply-box"
        />
        <button type="submit" class="button primary" disabled={!ready} data-testid="send">
          <Icon name="send" />
          <span>{t("reply.send")}</span>
        </button>
      </div>
      <p class="composer-foot" id="reply-size">
        <span data-testid="reply-size">
          {over > 0 ? (
            <strong class="bad">{t("reply.tooLong", { count: over })}</strong>
          ) : (
            text && <Size size={size} toRoom={toRoom} />
          )}
        </span>
        <span class="keys-hint">
          {t(settings.value.enterSends ? "reply.enterSends" : isMac ? "reply.enterBreaksMac" : "reply.enterBreaks")}
        </span>
      </p>
    </form>
  );
}

function placeholder(toRoom: boolean, disabled: boolean, language: string): string {
  if (disabled) return t("reply.placeholderClosed");
  if (toRoom) return t("reply.placeholderRoom");
  return language ? t("reply.placeholder", { language }) : t("reply.placeholderUnknown");
}

/** Ctrl or ⌘ with Enter always sends; Enter alone when it was chosen, and never while an input method is composing. */
function sends(event: KeyboardEvent): boolean {
  if (event.isComposing) return false;
  return event.ctrlKey || event.metaKey || (settings.value.enterSends && !event.shiftKey && !event.altKey);
}

function Size({ size, toRoom }: { size: ReturnType<typeof smsSize>; toRoom: boolean }) {
  const number = new Intl.NumberFormat(locale.value);
  const characters = t("reply.characters", { count: size.characters, formatted: number.format(size.characters) });
  if (toRoom) return <span>{characters}</span>;
  return (
    <span title={t("reply.estimate", { encoding: size.encoding })}>
      {characters} · {t("reply.segments", { count: size.segments })}
      {size.parts > 1 && <strong> · {t("reply.parts", { count: size.parts })}</strong>}
      <span class="hidden"> {t("reply.estimate", { encoding: size.encoding })}</span>
    </span>
  );
}

/** As high as its words, up to what the styles allow. Set through the object model, which the security policy leaves alone. */
function grow(box: HTMLTextAreaElement | null): void {
  if (!box) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}
