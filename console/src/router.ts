/** Pages by the address's fragment, because the site is files and nothing else. */
import { signal } from "@preact/signals";

export type Route =
  | { page: "conversations"; conversationId?: string }
  | { page: "room" }
  | { page: "report"; reportId: string }
  | { page: "day"; day?: string }
  | { page: "pictures"; day?: string }
  | { page: "directory"; entry?: string }
  | { page: "questions"; questionId?: string }
  | { page: "ask"; conversationId?: string }
  | { page: "digest"; day?: string }
  | { page: "subscriptions" }
  | { page: "settings" }
  | { page: "help" }
  | { page: "missing" };

export function parseRoute(hash: string): Route {
  const [page = "", argument = "", ...rest] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decode);
  if (rest.length) return { page: "missing" };
  const found = argument ? withArgument(page, argument) : alone(page);
  return found ?? { page: "missing" };
}

const ALONE = [
  "room",
  "day",
  "pictures",
  "directory",
  "questions",
  "ask",
  "digest",
  "subscriptions",
  "settings",
  "help",
] as const;

function alone(page: string): Route | undefined {
  if (page === "" || page === "conversations") return { page: "conversations" };
  if (ALONE.some((known) => known === page)) return { page: page as (typeof ALONE)[number] };
  return page === "upload" ? { page: "pictures" } : undefined;
}

function withArgument(page: string, argument: string): Route | undefined {
  if (page === "c") return { page: "conversations", conversationId: argument };
  if (page === "reports") return { page: "report", reportId: argument };
  if (page === "day") return { page: "day", day: argument };
  if (page === "directory") return { page: "directory", entry: argument };
  if (page === "questions") return { page: "questions", questionId: argument };
  if (page === "ask") return { page: "ask", conversationId: argument };
  if (page === "digest") return { page: "digest", day: argument };
  return page === "pictures" ? { page: "pictures", day: argument } : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

export const route = signal<Route>(parseRoute(location.hash));

/** Whether a page was left for another: the first one leaves the focus where the browser put it. */
export const moved = { value: false };

addEventListener("hashchange", () => {
  moved.value = true;
  route.value = parseRoute(location.hash);
});

export const go = (hash: string): void => {
  location.hash = hash;
};
