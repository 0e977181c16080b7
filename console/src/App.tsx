/** The frame around the pages: navigation, connection, keyboard. */
import { useEffect, useState } from "preact/hooks";
import { t } from "./i18n/index.ts";
import { Conversations } from "./pages/Conversations.tsx";
import { HelpDialog, HelpPage } from "./pages/Help.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { type Route, route } from "./router.ts";
import { announcement, connectionState, leave, retryNow, session, unreadCount } from "./state.ts";
import { Empty, Spinner } from "./ui/basics.tsx";
import { Icon, type IconName } from "./ui/icons.tsx";
import { useKeyboard } from "./ui/keyboard.ts";
import { lazy } from "./ui/lazy.tsx";

const Day = lazy(() => import("./pages/Day.tsx").then((page) => page.Day));
const Report = lazy(() => import("./pages/Report.tsx").then((page) => page.Report));
const DirectoryPage = lazy(() => import("./pages/Directory.tsx").then((page) => page.DirectoryPage));
const PicturesPage = lazy(() => import("./pages/Pictures.tsx").then((page) => page.PicturesPage));
const SettingsPage = lazy(() => import("./pages/Settings.tsx").then((page) => page.SettingsPage));

export function App() {
  const [help, setHelp] = useState(false);
  useKeyboard(() => setHelp(true));
  useTitle();
  if (!session.value) return <SignIn />;
  return (
    <div class="app">
      <a class="skip" href="#content" onClick={skip}>
        {t("app.skip")}
      </a>
      <Bar />
      <Lost />
      <Page route={route.value} />
      <p class="hidden" aria-live="polite" data-testid="announcement">
        {announcement.value}
      </p>
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </div>
  );
}

/** The fragment is the page's address: jump without changing it. */
function skip(event: Event): void {
  event.preventDefault();
  const target = document.querySelector<HTMLElement>("#content h1, #content h2");
  target?.focus();
}

function Page({ route: to }: { route: Route }) {
  switch (to.page) {
    case "conversations":
      return (
        <main id="content" class="fill">
          <h1 class="hidden">{t("app.name")}</h1>
          <Conversations conversationId={to.conversationId} />
        </main>
      );
    case "room":
      return (
        <main id="content" class="fill">
          <h1 class="hidden">{t("app.name")}</h1>
          <Conversations room />
        </main>
      );
    case "report":
      return <Report reportId={to.reportId} />;
    case "day":
      return <Day day={to.day} />;
    case "pictures":
      return <PicturesPage day={to.day} />;
    case "directory":
      return <DirectoryPage entry={to.entry} />;
    case "settings":
      return <SettingsPage />;
    case "help":
      return <HelpPage />;
    default:
      return (
        <main id="content" class="page">
          <h1 class="hidden">{t("errors.missing")}</h1>
          <Empty icon="help" title={t("errors.missing")} hint={t("errors.missingHint")} />
        </main>
      );
  }
}

const LINKS = [
  ["#/", "chat", "nav.conversations", ["conversations", "room"]],
  ["#/day", "chart", "nav.day", ["day"]],
  ["#/pictures", "picture", "nav.pictures", ["pictures"]],
  ["#/directory", "book", "nav.directory", ["directory"]],
  ["#/settings", "settings", "nav.settings", ["settings"]],
  ["#/help", "help", "nav.help", ["help"]],
] as const satisfies readonly (readonly [string, IconName, string, readonly Route["page"][]])[];

function Bar() {
  const unread = unreadCount.value;
  return (
    <header class="bar">
      <p class="brand">
        <span class="brand-mark" aria-hidden="true" />
        {t("app.name")}
      </p>
      <nav aria-label={t("nav.label")}>
        {LINKS.map(([href, icon, label, pages]) => (
          <a
            key={href}
            href={href}
            aria-current={(pages as readonly string[]).includes(route.value.page) ? "page" : undefined}
          >
            <Icon name={icon} />
            <span class="nav-text">{t(label)}</span>
            {href === "#/" && unread > 0 && (
              <span class="count">
                <span aria-hidden="true">{unread}</span>
                <span class="hidden">{t("nav.unread", { count: unread })}</span>
              </span>
            )}
          </a>
        ))}
      </nav>
      <Connection />
      <button type="button" class="button quiet" onClick={() => void leave()} data-testid="sign-out">
        <Icon name="exit" />
        <span class="nav-text">{t("nav.signOut")}</span>
      </button>
    </header>
  );
}

/** Seconds until a moment, counted down. */
function useSeconds(until: number): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!until) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil((until - Date.now()) / 1_000));
}

function Connection() {
  const state = connectionState.value;
  const seconds = useSeconds(state.kind === "waiting" ? state.until : 0);
  const text = state.kind === "waiting" ? t("connection.waiting", { count: seconds }) : t(`connection.${state.kind}`);
  return (
    <p class={`connection ${state.kind}`} data-testid="connection" data-state={state.kind}>
      <span class="lamp" aria-hidden="true" />
      <span class="hidden">{t("connection.label")}: </span>
      <span class="connection-text">{text}</span>
    </p>
  );
}

/** Says that the connection is away, once it has been so for longer than a moment. */
function Lost() {
  const { kind } = connectionState.value;
  const lost = kind === "waiting" || kind === "offline";
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (kind === "connected") setShown(false);
    const timer = lost ? setTimeout(() => setShown(true), 1_500) : 0;
    return () => clearTimeout(timer);
  }, [kind]);
  return (
    <div role="status" class="lost">
      {shown && (
        <div class="banner warn flat">
          <Icon name="warning" />
          <p>{t("connection.explain")}</p>
          <button type="button" class="button tiny" onClick={retryNow}>
            {t("connection.now")}
          </button>
        </div>
      )}
    </div>
  );
}

function pageName(page: Route["page"]): string {
  if (page === "conversations") return t("list.title");
  if (page === "room") return t("list.room");
  if (page === "report") return t("report.title");
  return page === "missing" ? t("errors.missing") : t(`nav.${page}`);
}

function useTitle(): void {
  const unread = session.value ? unreadCount.value : 0;
  const name = session.value ? pageName(route.value.page) : t("signIn.submit");
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ""}${name} · ${t("app.name")}`;
  }, [unread, name]);
}

export const Starting = () => (
  <main class="sign-in" id="content">
    <h1 class="hidden">{t("app.name")}</h1>
    <Spinner />
  </main>
);
