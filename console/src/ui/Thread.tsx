/** A conversation: its messages in order, and the box to answer. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { locale, t, uiLanguage } from "../i18n/index.ts";
import { addDays, contact, languageName, localDay, longDay } from "../lib/format.ts";
import type { Conversation, Message } from "../lib/schema.ts";
import { change, settings, type Show } from "../settings.ts";
import { loadOlder, loadThread, markRead, openId, pending, roomConversationId, threadOf, threads } from "../state.ts";
import { Choice, Empty, Failure, Spinner, Title } from "./basics.tsx";
import { Bubble, PendingBubble } from "./Bubble.tsx";
import { Composer } from "./Composer.tsx";
import { Icon } from "./icons.tsx";

/** Near enough to the end to follow what comes. */
const NEAR = 120;

export function Thread({
  conversation,
  conversationId,
}: {
  conversation?: Conversation | undefined;
  conversationId: string;
}) {
  const toRoom = conversationId === roomConversationId.value && !conversation;
  useOpen(conversationId);
  const language = languageName(conversation?.language ?? "", uiLanguage.value);
  const optedOut = conversation?.optedOut ?? false;
  return (
    <section class="thread" aria-labelledby="thread-title" data-testid="thread" data-conversation-id={conversationId}>
      <Head conversation={conversation} toRoom={toRoom} />
      <Messages key={conversationId} conversationId={conversationId} toRoom={toRoom} />
      {optedOut && <OptedOut />}
      <Composer
        key={conversationId}
        conversationId={conversationId}
        toRoom={toRoom}
        language={language}
        disabled={optedOut}
      />
    </section>
  );
}

/** Loads the conversation and counts it as read, again whenever the page is looked at. */
function useOpen(conversationId: string): void {
  useEffect(() => {
    openId.value = conversationId;
    const { loaded, loading } = threadOf(conversationId);
    if (!loaded && !loading) void loadThread(conversationId);
    const see = () => document.visibilityState === "visible" && markRead(conversationId);
    see();
    document.addEventListener("visibilitychange", see);
    return () => {
      openId.value = "";
      document.removeEventListener("visibilitychange", see);
    };
  }, [conversationId]);
  const loaded = threads.value.get(conversationId)?.loaded;
  useEffect(() => {
    if (loaded && document.visibilityState === "visible") markRead(conversationId);
  }, [loaded, conversationId]);
}

function Head({ conversation, toRoom }: { conversation: Conversation | undefined; toRoom: boolean }) {
  const who = contact(conversation?.contact ?? "");
  const language = languageName(conversation?.language ?? "", uiLanguage.value);
  const options = [
    ["both", t("thread.both")],
    ["translation", t("thread.translation")],
    ["original", t("thread.original")],
  ] as const;
  return (
    <header class="thread-head">
      <a class="button quiet icon-only only-narrow" href="#/" aria-label={t("app.back")}>
        <Icon name="back" />
      </a>
      <div class="thread-who">
        <Title as="h2" class="thread-title">
          <span id="thread-title">
            {toRoom ? t("thread.roomTitle", { room: settings.value.room }) : <bdi>{who.name}</bdi>}
          </span>
        </Title>
        <p class="muted small">
          {toRoom
            ? t("list.roomHint")
            : [who.channel, language && t("thread.speaks", { language })].filter(Boolean).join(" · ")}
        </p>
      </div>
      {conversation && !conversation.optedOut && (
        <a class="button ask-button" href={`#/ask/${conversation.conversationId}`} data-testid="thread-ask">
          <Icon name="ask" />
          <span>{t("questions.askHere")}</span>
        </a>
      )}
      <Choice<Show>
        compact
        legend={t("thread.show")}
        value={settings.value.show}
        options={options}
        onChange={(show) => change({ show })}
        testid="show-choice"
      />
    </header>
  );
}

function OptedOut() {
  return (
    <div class="banner warn" role="status" data-testid="opted-out">
      <Icon name="blocked" />
      <div>
        <strong>{t("thread.optedOut.title")}</strong>
        <p>{t("thread.optedOut.why")}</p>
      </div>
    </div>
  );
}

function Messages({ conversationId, toRoom }: { conversationId: string; toRoom: boolean }) {
  const thread = threadOf(conversationId);
  void threads.value;
  const lines = pending.value.filter((line) => line.conversationId === conversationId);
  const { box, below, follow } = useScroll(thread.messages, lines.length);
  return (
    <div class="messages-wrap">
      <div
        class="messages"
        ref={box}
        role="log"
        aria-live="off"
        aria-label={t("thread.messages")}
        tabIndex={0}
        data-testid="messages"
      >
        <Top conversationId={conversationId} toRoom={toRoom} />
        <Days messages={thread.messages} />
        {lines.map((line) => (
          <PendingBubble key={line.messageId} line={line} />
        ))}
      </div>
      {below && (
        <button type="button" class="button primary below" onClick={follow}>
          <Icon name="down" />
          {t("thread.newBelow")}
        </button>
      )}
    </div>
  );
}

/** Stays at the end while the reader is there, and keeps the reader's place when older messages come in above. */
function useScroll(messages: readonly Message[], waiting: number) {
  const box = useRef<HTMLDivElement>(null);
  const place = useRef({ atEnd: true, first: "", height: 0, top: 0 });
  const [below, setBelow] = useState(false);
  const first = messages[0]?.messageId ?? "";
  const last = messages.at(-1)?.messageId ?? "";
  const follow = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const before = place.current;
    if (before.first && before.first !== first && !before.atEnd)
      element.scrollTop = before.top + element.scrollHeight - before.height;
    place.current = { ...before, first, height: element.scrollHeight, top: element.scrollTop };
  }, [first]);
  useLayoutEffect(() => {
    if (place.current.atEnd || waiting) follow();
    else if (last) setBelow(true);
  }, [last, waiting]);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => {
      const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
      place.current = { ...place.current, atEnd, height: element.scrollHeight, top: element.scrollTop };
      if (atEnd) setBelow(false);
    };
    // Pictures and the growing reply box change heights without a scroll.
    const observer = new ResizeObserver(() => place.current.atEnd && follow());
    for (const child of [element, ...element.children]) observer.observe(child);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [messages.length, waiting]);
  return { box, below, follow };
}

function Top({ conversationId, toRoom }: { conversationId: string; toRoom: boolean }) {
  const { loaded, loading, error, before, messages } = threadOf(conversationId);
  if (error) return <Failure text={t("thread.failed")} retry={() => void loadThread(conversationId)} />;
  if (loading && !messages.length) return <Spinner />;
  if (!loaded) return null;
  if (before)
    return (
      <p class="top">
        <button
          type="button"
          class="button quiet"
          disabled={loading}
          onClick={() => void loadOlder(conversationId)}
          data-testid="older"
        >
          {loading ? t("app.loading") : t("thread.older")}
        </button>
      </p>
    );
  if (!messages.length)
    return (
      <Empty
        icon={toRoom ? "room" : "chat"}
        title={t(toRoom ? "thread.emptyRoom" : "thread.emptyThread")}
        hint={toRoom ? t("thread.roomIntro") : undefined}
      />
    );
  return <p class="top muted small">{toRoom ? t("thread.roomIntro") : t("thread.start")}</p>;
}

function Days({ messages }: { messages: readonly Message[] }) {
  const days = Map.groupBy(messages, (message) => localDay(message.createdAt));
  const found: ComponentChildren[] = [];
  for (const [day, group] of days)
    found.push(
      <section key={day} class="day" aria-label={dayName(day)}>
        <p class="day-name" aria-hidden="true">
          <span>{dayName(day)}</span>
        </p>
        {group.map((message) => (
          <Bubble key={message.messageId} message={message} />
        ))}
      </section>,
    );
  return <>{found}</>;
}

function dayName(day: string): string {
  const today = localDay(Date.now());
  if (day === today) return t("thread.today");
  return day === addDays(today, -1) ? t("thread.yesterday") : longDay(day, locale.value);
}
