/** The conversations, and beside them the one that is open. */
import { useMemo, useState } from "preact/hooks";
import { locale, t, uiLanguage } from "../i18n/index.ts";
import { contact, langOf, languageName, phone, shortTime } from "../lib/format.ts";
import type { Conversation } from "../lib/schema.ts";
import { change, settings } from "../settings.ts";
import {
  config,
  conversations,
  isUnread,
  listState,
  loadConversations,
  readingLanguage,
  roomConversationId,
  roomUnread,
  sortedConversations,
} from "../state.ts";
import { Choice, Empty, Failure, Spinner, Title } from "../ui/basics.tsx";
import { Icon } from "../ui/icons.tsx";
import { Thread } from "../ui/Thread.tsx";

type Filter = "all" | "unread" | "optedOut";

export function Conversations({ conversationId, room }: { conversationId?: string | undefined; room?: boolean }) {
  const id = room ? roomConversationId.value : conversationId;
  const conversation = id ? conversations.value.get(id) : undefined;
  return (
    <div class={`desk ${id || room ? "has-thread" : ""}`}>
      <List current={id ?? ""} inRoom={room ?? false} />
      <div class="thread-place">
        {id && (conversation || room) ? (
          <Thread conversation={conversation} conversationId={id} />
        ) : (
          <NoThread id={id} room={room ?? false} />
        )}
      </div>
    </div>
  );
}

function NoThread({ id, room }: { id: string | undefined; room: boolean }) {
  if (room || (id && listState.value === "loading")) return <Spinner />;
  if (id) return <Empty icon="chat" title={t("thread.notFound")} />;
  return (
    <Empty icon="chat" title={t("thread.choose")} hint={t("thread.chooseHint")}>
      {!settings.value.welcomed && <Welcome />}
    </Empty>
  );
}

const HINTS = [
  ["chat", "read"],
  ["send", "write"],
  ["settings", "settings"],
] as const;

/** What a newcomer should know; gone once it has been read. */
function Welcome() {
  return (
    <section class="card welcome" aria-label={t("welcome.title")} data-testid="welcome">
      <h3>{t("welcome.title")}</h3>
      <ul class="stack">
        {HINTS.map(([icon, name]) => (
          <li key={name}>
            <Icon name={icon} />
            <span>{t(`welcome.${name}`)}</span>
          </li>
        ))}
      </ul>
      <p class="form-foot">
        <a class="button" href="#/settings">
          {t("nav.settings")}
        </a>
        <button type="button" class="button quiet" onClick={() => change({ welcomed: true })}>
          {t("welcome.done")}
        </button>
      </p>
    </section>
  );
}

function List({ current, inRoom }: { current: string; inRoom: boolean }) {
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const all = sortedConversations.value;
  const found = useMemo(
    () => all.filter((one) => fits(one, search, filter) || (one.conversationId === current && filter === "unread")),
    [all, search, filter, current],
  );
  const options = [
    ["all", t("list.all")],
    ["unread", t("list.unread")],
    ["optedOut", t("list.optedOut")],
  ] as const;
  const clear = () => {
    setSearch("");
    setFilter("all");
  };
  return (
    <section class="list" aria-label={t("list.title")}>
      <div class="list-head">
        <Title as="h2" class="list-title">
          {t("list.title")}
        </Title>
        <div class="search">
          <Icon name="search" />
          <label class="hidden" for="search">
            {t("list.search")}
          </label>
          <input
            id="search"
            type="search"
            value={search}
            placeholder={t("list.search")}
            onInput={(event) => setSearch(event.currentTarget.value)}
            data-testid="search"
          />
        </div>
        <Choice<Filter>
          compact
          legend={t("list.filter")}
          value={filter}
          options={options}
          onChange={setFilter}
          testid="filter"
        />
      </div>
      <ul class="items" data-testid="conversations">
        <RoomItem current={inRoom} />
        {found.map((one) => (
          <Item key={one.conversationId} conversation={one} current={one.conversationId === current} />
        ))}
      </ul>
      <Nothing any={all.length > 0} shown={found.length} clear={clear} />
    </section>
  );
}

function Nothing({ any, shown, clear }: { any: boolean; shown: number; clear: () => void }) {
  const number = config.value?.number;
  if (shown) return null;
  if (any)
    return (
      <Empty icon="search" title={t("list.none")} hint={t("list.noneHint")}>
        <button type="button" class="button" onClick={clear}>
          {t("list.clear")}
        </button>
      </Empty>
    );
  if (listState.value === "loading") return <Spinner />;
  if (listState.value === "failed") return <Failure text={t("list.failed")} retry={() => void loadConversations()} />;
  return (
    <Empty
      icon="chat"
      title={t("list.empty")}
      hint={number ? t("list.emptyNumber", { number: phone(number) }) : t("list.emptyHint")}
    />
  );
}

function fits(conversation: Conversation, search: string, filter: Filter): boolean {
  if (filter === "unread" && !isUnread(conversation)) return false;
  if (filter === "optedOut" && !conversation.optedOut) return false;
  const words = fold(search).split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const { lastMessage, contact: address, language } = conversation;
  const digits = address.replace(/\D/g, "");
  const text = fold(
    [
      address,
      languageName(language, uiLanguage.value),
      lastMessage?.preview,
      ...Object.values(lastMessage?.translations ?? {}),
    ].join(" "),
  );
  const number = search.replace(/[\s()+.-]/g, "");
  if (/^\d{3,}$/.test(number) && digits.includes(number)) return true;
  return words.every((word) => text.includes(word));
}

/** Without capitals and accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

function RoomItem({ current }: { current: boolean }) {
  return (
    <li>
      <a
        href="#/room"
        class={`item room ${roomUnread.value ? "unread" : ""}`}
        aria-current={current ? "true" : undefined}
        data-testid="room"
      >
        <span class="avatar">
          <Icon name="room" />
        </span>
        <span class="item-top">
          <span class="item-name">
            {t("list.room")} · {settings.value.room}
          </span>
        </span>
        <span class="item-text">{t("list.roomHint")}</span>
        {roomUnread.value && (
          <span class="dot">
            <span class="hidden">{t("list.unreadMark")}</span>
          </span>
        )}
      </a>
    </li>
  );
}

/** The last words as the reader reads them. */
export function preview(conversation: Conversation, reader: string): { text: string; language: string | undefined } {
  const last = conversation.lastMessage;
  const translation = last?.translations[reader];
  if (translation) return { text: translation, language: reader };
  return { text: last?.preview ?? "", language: last?.direction === "inbound" ? conversation.language : undefined };
}

function Item({ conversation, current }: { conversation: Conversation; current: boolean }) {
  const { conversationId, contact: address, lastMessage, lastMessageAt, language, optedOut } = conversation;
  const who = contact(address);
  const unread = isUnread(conversation);
  const { text, language: textLanguage } = preview(conversation, readingLanguage.value);
  const code = langOf(language);
  return (
    <li>
      <a
        href={`#/c/${conversationId}`}
        class={`item ${unread ? "unread" : ""}`}
        aria-current={current ? "true" : undefined}
        data-testid="conversation"
        data-conversation-id={conversationId}
        data-unread={unread}
      >
        <span class="avatar" title={languageName(language, uiLanguage.value)}>
          {code ? code.split("-")[0]?.toUpperCase() : "?"}
        </span>
        <span class="item-top">
          <bdi class="item-name">{who.name}</bdi>
          <time class="muted small" dateTime={lastMessageAt}>
            {shortTime(lastMessageAt, locale.value)}
          </time>
        </span>
        <span class="item-text">
          {lastMessage?.direction === "outbound" && <span class="muted">{t("list.desk")}: </span>}
          {text ? (
            <bdi lang={langOf(textLanguage)}>{text}</bdi>
          ) : (
            !lastMessage?.pictures && <span class="muted">{t("list.noText")}</span>
          )}
          {lastMessage && lastMessage.pictures > 0 && (
            <span class="muted">
              {" "}
              <Icon name="picture" /> {t("list.pictures", { count: lastMessage.pictures })}
            </span>
          )}
        </span>
        <Marks unread={unread} optedOut={optedOut} nearMiss={lastMessage?.consent === "near-miss"} />
      </a>
    </li>
  );
}

function Marks({ unread, optedOut, nearMiss }: { unread: boolean; optedOut: boolean; nearMiss: boolean }) {
  return (
    <>
      {optedOut && (
        <span class="chip warn">
          <Icon name="blocked" />
          {t("list.optedOutMark")}
        </span>
      )}
      {nearMiss && !optedOut && (
        <span class="chip warn">
          <Icon name="flag" />
          {t("list.nearMiss")}
        </span>
      )}
      {unread && (
        <span class="dot">
          <span class="hidden">{t("list.unreadMark")}</span>
        </span>
      )}
    </>
  );
}
