/** The frame around the pages: navigation, connection, keyboard. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Key, t } from "./i18n/index.ts";
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
const DigestPage = lazy(() => import("./pages/Digest.tsx").then((page) => page.DigestPage));
const QuestionsPage = lazy(() => import("./pages/Questions.tsx").then((page) => page.QuestionsPage));
const AskPage = lazy(() => import("./pages/Questions.tsx").then((page) => page.AskPage));
const SubscriptionsPage = lazy(() => import("./pages/Subscriptions.tsx").then((page) => page.SubscriptionsPage));
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
    case "questions":
      return <QuestionsPage questionId={to.questionId} />;
    case "ask":
      return <AskPage key={to.conversationId ?? ""} conversationId={to.conversationId} />;
    case "digest":
      return <DigestPage day={to.day} />;
    case "subscriptions":
      return <SubscriptionsPage />;
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

interface Link {
  href: string;
  icon: IconName;
  label: Key;
  pages: readonly Route["page"][];
}

const LINKS: readonly Link[] = [
  { href: "#/", icon: "chat", label: "nav.conversations", pages: ["conversations", "room"] },
  { href: "#/questions", icon: "ask", label: "nav.questions", pages: ["questions", "ask"] },
  { href: "#/digest", icon: "digest", label: "nav.digest", pages: ["digest", "subscriptions"] },
  { href: "#/directory", icon: "book", label: "nav.directory", pages: ["directory"] },
];
/** Those that wait behind "More" where the window is too narrow for all of them. */
const FURTHER: readonly Link[] = [
  { href: "#/day", icon: "chart", label: "nav.day", pages: ["day"] },
  { href: "#/pictures", icon: "picture", label: "nav.pictures", pages: ["pictures"] },
  { href: "#/settings", icon: "settings", label: "nav.settings", pages: ["settings"] },
  { href: "#/help", icon: "help", label: "nav.help", pages: ["help"] },
];

const isHere = (pages: Link["pages"]): boolean => pages.includes(route.value.page);

function NavLink({ href, icon, label, pages }: Link) {
  const unread = href === "#/" ? unreadCount.value : 0;
  return (
    <a href={href} aria-current={isHere(pages) ? "page" : undefined}>
      <Icon name={icon} />
      <span class="nav-text">{t(label)}</span>
      {unread > 0 && (
        <span class="count">
          <span aria-hidden="true">{unread}</span>
          <span class="hidden">{t("nav.unread", { count: unread })}</span>
        </span>
      )}
    </a>
  );
}

function Bar() {
  return (
    <header class="bar">
      <p class="brand">
        <span class="brand-mark" aria-hidden="true" />
        <span class="brand-name">{t("app.name")}</span>
      </p>
      <nav aria-label={t("nav.label")}>
        {LINKS.map((link) => (
          <NavLink key={link.href} {...link} />
        ))}
        <Further />
      </nav>
      <Connection />
      <button type="button" class="button quiet" onClick={() => void leave()} data-testid="sign-out">
        <Icon name="exit" />
        <span class="nav-text">{t("nav.signOut")}</span>
      </button>
    </header>
  );
}

/** The further links: in the bar where there is room, otherwise in a box that a button opens. */
function Further() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => setOpen(false), [route.value]);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event: Event) => box.current?.contains(event.target as Node) || setOpen(false);
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      setOpen(false);
      button.current?.focus();
    };
    addEventListener("pointerdown", away);
    addEventListener("focusin", away);
    // Before the keys of the console, to which Escape means something else.
    addEventListener("keydown", escape, { capture: true });
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("focusin", away);
      removeEventListener("keydown", escape, { capture: true });
    };
  }, [open]);
  const here = FURTHER.some(({ pages }) => isHere(pages));
  return (
    <div class={`further ${here ? "here" : ""}`} ref={box}>
      <button
        type="button"
        ref={button}
        aria-expanded={open}
        aria-controls="further"
        onClick={() => setOpen(!open)}
        data-testid="nav-more"
      >
        <Icon name="more" />
        <span class="nav-text">{t("nav.more")}</span>
      </button>
      <div id="further" class={open ? "open" : ""}>
        {FURTHER.map((link) => (
          <NavLink key={link.href} {...link} />
        ))}
      </div>
    </div>
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
  if (page === "ask") return t("questions.ask");
  if (page === "subscriptions") return t("subscriptions.title");
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
