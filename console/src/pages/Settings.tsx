/** What an operator chooses. */
import { useState } from "preact/hooks";
import { t, uiLanguages } from "../i18n/index.ts";
import { askPermission, chime } from "../notify.ts";
import { change, ROOM, settings, type Show, type Theme } from "../settings.ts";
import { applyDetails, leave, readingLanguage, session } from "../state.ts";
import { Choice, errorText, Title } from "../ui/basics.tsx";
import { ApiError } from "../api.ts";
import { Icon } from "../ui/icons.tsx";
import { byName, languageChoices } from "../ui/languages.ts";

export function SettingsPage() {
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{t("settings.title")}</Title>
      </header>
      <div class="stack">
        <You />
        <Appearance />
        <Writing />
        <Arrivals />
        <section class="card">
          <h2>{t("nav.digest")}</h2>
          <p>{t("settings.digest")}</p>
          <p class="form-foot">
            <a class="button" href="#/subscriptions">
              <Icon name="mail" />
              {t("subscriptions.title")}
            </a>
          </p>
        </section>
        <section class="card">
          <h2>{t("settings.account")}</h2>
          <p>{t("settings.signedInAs", { email: session.value?.email ?? "" })}</p>
          <button type="button" class="button" onClick={() => void leave()} data-testid="sign-out-settings">
            {t("nav.signOut")}
          </button>
        </section>
      </div>
    </main>
  );
}

function You() {
  const [name, setName] = useState(settings.value.name);
  const [language, setLanguage] = useState(readingLanguage.value);
  const [room, setRoom] = useState(settings.value.room);
  const [said, setSaid] = useState("");
  const wrong = !ROOM.test(room)
    ? t("settings.roomWrong")
    : name.trim().length < 1 || name.trim().length > 60
      ? t("settings.nameWrong")
      : "";
  const keep = async () => {
    if (wrong) return;
    const other = language !== readingLanguage.value || room !== settings.value.room;
    change({ name: name.trim(), language, room });
    try {
      await applyDetails(other);
      setSaid(t("settings.saved"));
    } catch (error) {
      setSaid(
        t("settings.notSaved", {
          detail: error instanceof ApiError ? errorText(error) : error instanceof Error ? error.message : "",
        }),
      );
    }
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void keep();
      }}
    >
      <h2>{t("settings.you")}</h2>
      <div class="field">
        <label for="name">{t("settings.name")}</label>
        <input
          id="name"
          value={name}
          maxLength={60}
          required
          autoComplete="nickname"
          dir="auto"
          onInput={(event) => setName(event.currentTarget.value)}
          aria-describedby="name-hint"
          data-testid="settings-name"
        />
        <p class="muted small" id="name-hint">
          {t("settings.nameHint")}
        </p>
      </div>
      <div class="field">
        <label for="language">{t("settings.language")}</label>
        <select
          id="language"
          value={language}
          onChange={(event) => setLanguage(event.currentTarget.value)}
          aria-describedby="language-hint"
          data-testid="settings-language"
        >
          {byName(languageChoices()).map(([code, label]) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
        <p class="muted small" id="language-hint">
          {t("settings.languageHint")} {!uiLanguages.includes(language.split("-")[0] ?? "") && t("settings.languageUi")}
        </p>
      </div>
      <div class="field">
        <label for="room">{t("settings.room")}</label>
        <input
          id="room"
          value={room}
          maxLength={32}
          required
          autoCapitalize="none"
          spellcheck={false}
          onInput={(event) => setRoom(event.currentTarget.value)}
          aria-describedby="room-hint"
          aria-invalid={!ROOM.test(room)}
          data-testid="settings-room"
        />
        <p class="muted small" id="room-hint">
          {t("settings.roomHint")}
        </p>
      </div>
      {wrong && (
        <p class="banner bad" role="alert">
          {wrong}
        </p>
      )}
      <p class="form-foot">
        <button type="submit" class="button primary" data-testid="settings-save">
          {t("settings.save")}
        </button>
        <span role="status" data-testid="settings-said">
          {said}
        </span>
      </p>
    </form>
  );
}

function Appearance() {
  const themes = [
    ["system", t("settings.system")],
    ["light", t("settings.light")],
    ["dark", t("settings.dark")],
  ] as const;
  const shows = [
    ["both", t("settings.both")],
    ["translation", t("thread.translation")],
    ["original", t("thread.original")],
  ] as const;
  return (
    <section class="card">
      <h2>{t("settings.appearance")}</h2>
      <Choice<Theme>
        legend={t("settings.theme")}
        value={settings.value.theme}
        options={themes}
        onChange={(theme) => change({ theme })}
        testid="settings-theme"
      />
      <Choice<Show>
        legend={t("settings.show")}
        value={settings.value.show}
        options={shows}
        onChange={(show) => change({ show })}
      />
    </section>
  );
}

interface CheckProps {
  id: string;
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Check({ id, label, hint, checked, onChange }: CheckProps) {
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          checked={checked}
          onChange={(event) => onChange(event.currentTarget.checked)}
          {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
          data-testid={`settings-${id}`}
        />
        {label}
      </label>
      {hint && (
        <p class="muted small hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

function Writing() {
  const { enterSends, shortcuts } = settings.value;
  return (
    <section class="card">
      <h2>{t("settings.writing")}</h2>
      <Check
        id="enter"
        label={t("settings.enterSends")}
        hint={t("settings.enterHint")}
        checked={enterSends}
        onChange={(value) => change({ enterSends: value })}
      />
      <Check
        id="shortcuts"
        label={t("settings.shortcuts")}
        hint={t("settings.shortcutsHint")}
        checked={shortcuts}
        onChange={(value) => change({ shortcuts: value })}
      />
    </section>
  );
}

function Arrivals() {
  const [denied, setDenied] = useState(false);
  const { sound, notifications } = settings.value;
  const notify = async (wanted: boolean) => {
    const allowed = wanted && (await askPermission());
    setDenied(wanted && !allowed);
    change({ notifications: allowed });
  };
  const hear = (wanted: boolean) => {
    change({ sound: wanted });
    if (wanted) chime();
  };
  return (
    <section class="card">
      <h2>{t("settings.arrivals")}</h2>
      <Check id="sound" label={t("settings.sound")} checked={sound} onChange={hear} />
      <Check
        id="notifications"
        label={t("settings.notifications")}
        hint={t("settings.notificationsHint")}
        checked={notifications}
        onChange={(value) => void notify(value)}
      />
      {denied && (
        <p class="banner warn" role="alert">
          {t("settings.denied")}
        </p>
      )}
    </section>
  );
}
