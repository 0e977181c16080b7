/**
 * What the console believes about frames and answers. Everything that comes over the network is parsed by these before it is used;
 * unknown fields are dropped, so that a newer server does not break an older console.
 */
import * as v from "valibot";

const text = v.string();
const maybe = <T extends v.GenericSchema>(schema: T) => v.optional(schema);

export const Place = v.object({ left: v.number(), top: v.number(), width: v.number(), height: v.number() });
const Polygon = v.array(v.tuple([v.number(), v.number()]));
const Line = v.object({ text, confidence: v.number(), polygon: Polygon });
const Translation = v.object({ language: text, status: text, text: maybe(text), error: maybe(text) });
const Moderation = v.object({
  flagged: v.boolean(),
  labels: v.fallback(v.array(v.object({ name: text, parent: maybe(text), confidence: maybe(v.number()) })), []),
  reason: maybe(text),
});
const Thumbnail = v.object({ size: text, width: v.number(), height: v.number() });
const Language = v.object({ code: text, confidence: maybe(v.number()), method: maybe(text) });

/** A picture as a message or a list has it; an attachment or a failure when `kind` says so. */
export const Picture = v.object({
  index: maybe(v.number()),
  kind: v.optional(v.picklist(["picture", "attachment", "failed"]), "picture"),
  imageId: maybe(text),
  status: maybe(text),
  thumbnails: v.optional(v.array(Thumbnail), []),
  labels: v.optional(v.array(v.object({ name: text, confidence: v.number(), box: maybe(Place) })), []),
  text: v.optional(text, ""),
  language: maybe(Language),
  translations: v.optional(v.array(Translation), []),
  lines: v.optional(v.array(Line), []),
  moderation: v.optional(Moderation, { flagged: false, labels: [] }),
  reason: maybe(text),
  truncated: maybe(v.boolean()),
  contentType: maybe(text),
  bytes: maybe(v.number()),
  note: maybe(text),
  error: maybe(text),
});

/** A picture's whole record. */
export const Image = v.object({
  imageId: text,
  createdAt: text,
  status: text,
  origin: maybe(text),
  messageId: maybe(text),
  reason: maybe(text),
  image: maybe(v.object({ contentType: maybe(text), width: v.number(), height: v.number(), bytes: maybe(v.number()) })),
  labels: v.optional(
    v.array(v.object({ name: text, confidence: v.number(), boxes: v.optional(v.array(Place), []) })),
    [],
  ),
  lines: v.optional(v.array(Line), []),
  text: v.optional(text, ""),
  language: maybe(Language),
  translations: v.optional(v.array(Translation), []),
  moderation: v.optional(Moderation, { flagged: false, labels: [] }),
  failures: v.optional(v.array(v.object({ step: text, error: text })), []),
  links: v.object({ image: maybe(text), small: maybe(text), large: maybe(text), expiresAt: maybe(text) }),
});

export const Delivery = v.object({
  status: text,
  at: maybe(text),
  errorCode: maybe(text),
  reason: maybe(text),
  retry: maybe(v.boolean()),
});

const ReplyPart = v.object({
  part: v.union([text, v.number()]),
  state: text,
  text: maybe(text),
  language: maybe(text),
  providerId: maybe(text),
  reason: maybe(text),
  error: maybe(text),
  at: maybe(text),
});

export const Reply = v.object({
  state: text,
  text: maybe(text),
  language: maybe(text),
  reason: maybe(text),
  providerId: maybe(text),
  error: maybe(text),
  at: maybe(text),
  parts: maybe(v.array(ReplyPart)),
});

/** What the directory had for a message. */
export const Found = v.object({
  state: text,
  entries: v.fallback(v.array(v.object({ entryId: text, name: text })), []),
  answer: maybe(text),
});

/** What a message has to do with a question: one of ours asks it (`kind`), one of theirs answers it or not (`state`). */
export const Asked = v.object({
  questionId: maybe(text),
  code: maybe(text),
  kind: maybe(text),
  state: maybe(text),
  value: maybe(text),
  text: maybe(text),
});

export const Message = v.object({
  type: maybe(v.literal("message")),
  id: text,
  messageId: text,
  conversationId: text,
  direction: v.picklist(["inbound", "outbound", "internal"]),
  channel: v.fallback(text, ""),
  createdAt: text,
  author: maybe(v.object({ operatorId: text, name: text })),
  contact: v.fallback(text, ""),
  room: maybe(text),
  text,
  language: v.fallback(text, "und"),
  consent: maybe(text),
  translation: v.fallback(
    v.object({ language: v.optional(text, ""), status: v.optional(text, "failed"), text: maybe(text) }),
    { language: "", status: "failed", text: undefined },
  ),
  pictures: v.fallback(v.array(Picture), []),
  reply: maybe(Reply),
  deliveries: v.fallback(v.record(text, Delivery), {}),
  sentText: maybe(v.object({ language: text, text })),
  truncated: maybe(v.boolean()),
  directory: v.fallback(maybe(Found), undefined),
  question: v.fallback(maybe(Asked), undefined),
});

export const Frame = v.variant("type", [
  v.object({ ...Message.entries, type: v.literal("message") }),
  v.object({
    type: v.literal("messages"),
    ref: maybe(text),
    conversationId: maybe(text),
    since: maybe(text),
    messages: v.array(v.unknown()),
    translations: v.optional(v.array(v.object({ messageId: text, language: text, text })), []),
    next: maybe(text),
  }),
  v.object({
    type: v.literal("status"),
    conversationId: text,
    messageId: text,
    part: v.pipe(v.union([text, v.number()]), v.transform(String)),
    status: text,
    reason: maybe(text),
    retry: maybe(v.boolean()),
    at: maybe(text),
  }),
  v.object({ type: v.literal("contact"), conversationId: text, optedOut: v.boolean(), at: maybe(text) }),
  v.object({
    type: v.literal("question"),
    questionId: text,
    conversationId: v.fallback(text, ""),
    status: text,
    code: v.fallback(text, ""),
    at: maybe(text),
  }),
  v.object({
    type: v.literal("details"),
    ref: maybe(text),
    operatorId: text,
    name: text,
    language: text,
    room: text,
    roomConversationId: text,
  }),
  v.object({ type: v.literal("accepted"), ref: maybe(text), messageId: text, conversationId: maybe(text) }),
  v.object({ type: v.literal("pong") }),
  v.object({
    type: v.literal("error"),
    ref: maybe(text),
    code: text,
    detail: v.fallback(text, ""),
    messageId: maybe(text),
  }),
]);

export const Conversation = v.object({
  conversationId: text,
  contact: v.fallback(text, ""),
  language: v.fallback(text, "und"),
  lastMessageAt: text,
  firstMessageAt: maybe(text),
  optedOut: v.fallback(v.boolean(), false),
  lastMessage: v.fallback(
    v.nullable(
      v.object({
        messageId: text,
        direction: text,
        preview: v.fallback(text, ""),
        translations: v.fallback(v.record(text, text), {}),
        pictures: v.fallback(v.number(), 0),
        consent: maybe(text),
      }),
    ),
    null,
  ),
});

export const ConversationList = v.object({ conversations: v.array(v.unknown()), cursor: maybe(text) });
export const ReportList = v.object({ reports: v.array(v.unknown()), cursor: maybe(text) });
export const ImageList = v.object({ images: v.array(v.unknown()), cursor: maybe(text) });
export const Entry = v.object({
  entryId: text,
  name: text,
  keywords: v.array(text),
  phone: maybe(text),
  address: maybe(text),
  hours: maybe(text),
  text: maybe(text),
  language: v.fallback(text, "und"),
  link: maybe(text),
  version: v.number(),
  createdAt: maybe(text),
  updatedAt: maybe(text),
});
export const EntryList = v.object({ entries: v.array(v.unknown()), cursor: maybe(text) });
export const Question = v.object({
  questionId: text,
  status: text,
  address: v.fallback(text, ""),
  text: v.fallback(text, ""),
  language: v.fallback(text, "und"),
  choices: v.fallback(v.array(v.object({ value: text, text })), []),
  code: v.fallback(text, ""),
  askedAt: text,
  deadlineAt: text,
  remindedAt: maybe(text),
  askedBy: v.fallback(text, ""),
  conversationId: maybe(text),
  messageId: maybe(text),
  contactLanguage: maybe(text),
  answer: v.fallback(
    maybe(v.object({ value: maybe(text), text: maybe(text), original: maybe(text), language: maybe(text) })),
    undefined,
  ),
  answeredBy: maybe(text),
  answeredAt: maybe(text),
  reason: maybe(text),
});
export const QuestionList = v.object({ questions: v.array(v.unknown()), cursor: maybe(text) });
export const QuestionCreated = v.object({ questionId: text });

const Tally = v.fallback(v.array(v.object({ name: text, count: v.number() })), []);
const total = v.fallback(v.number(), 0);
const Feelings = { positive: total, negative: total, neutral: total, mixed: total };
export const Digest = v.object({
  day: text,
  timeZone: v.fallback(text, ""),
  from: maybe(text),
  to: maybe(text),
  createdAt: maybe(text),
  complete: v.fallback(v.boolean(), true),
  messages: v.object({ inbound: total, outbound: total, internal: total }),
  byHour: v.fallback(v.array(v.number()), []),
  byLanguage: Tally,
  byChannel: Tally,
  byLabel: Tally,
  byEntry: Tally,
  failures: Tally,
  sentiment: v.fallback(
    v.object({
      judged: total,
      unjudged: total,
      totals: v.object(Feelings),
      byLanguage: v.fallback(v.array(v.object({ name: text, ...Feelings })), []),
    }),
    { judged: 0, unjudged: 0, totals: { positive: 0, negative: 0, neutral: 0, mixed: 0 }, byLanguage: [] },
  ),
  answers: v.fallback(
    v.object({
      answered: total,
      byDirectory: total,
      unanswered: total,
      medianSeconds: v.fallback(v.nullable(v.number()), null),
    }),
    { answered: 0, byDirectory: 0, unanswered: 0, medianSeconds: null },
  ),
  unanswered: v.fallback(
    v.array(
      v.object({
        messageId: text,
        conversationId: text,
        preview: v.fallback(text, ""),
        language: v.fallback(text, "und"),
        receivedAt: maybe(text),
      }),
    ),
    [],
  ),
  questions: v.fallback(maybe(v.object({ asked: total, answered: total })), undefined),
  cost: v.fallback(
    v.object({
      total,
      currency: v.fallback(text, "USD"),
      items: v.array(
        v.object({
          name: text,
          quantity: v.number(),
          unit: v.fallback(text, ""),
          price: v.number(),
          amount: v.number(),
        }),
      ),
    }),
    { total: 0, currency: "USD", items: [] },
  ),
});
export const DigestList = v.object({ digests: v.array(v.unknown()), cursor: maybe(text) });
export const Subscription = v.object({
  subscriptionId: text,
  kind: text,
  address: text,
  language: v.fallback(text, ""),
  name: maybe(text),
  refusedAt: maybe(text),
  refusal: maybe(text),
});
export const SubscriptionList = v.object({ subscriptions: v.array(v.unknown()), cursor: maybe(text) });

export const Ticket = v.object({ ticket: text, expiresIn: maybe(v.number()) });
export const Upload = v.object({
  imageId: text,
  upload: v.object({ url: text, fields: v.record(text, text) }),
});
export const Problem = v.object({
  title: maybe(text),
  detail: maybe(text),
  requestId: maybe(text),
  message: maybe(text),
});

const Media = v.object({ index: maybe(v.number()), contentType: maybe(text) });
export const Report = v.object({
  reportId: text,
  conversationId: text,
  createdAt: text,
  message: v.object({
    messageId: text,
    channel: v.fallback(text, ""),
    direction: v.fallback(text, "inbound"),
    sender: v.fallback(text, ""),
    recipient: v.fallback(text, ""),
    text: v.fallback(text, ""),
    media: v.fallback(v.array(Media), []),
    segments: v.fallback(v.number(), 1),
    receivedAt: text,
    consent: maybe(text),
    profileName: maybe(text),
    question: v.fallback(maybe(Asked), undefined),
    author: maybe(v.object({ operatorId: text, name: text })),
    location: maybe(
      v.object({ latitude: v.number(), longitude: v.number(), label: maybe(text), address: maybe(text) }),
    ),
  }),
  language: Language,
  translations: v.fallback(v.array(Translation), []),
  moreTranslations: v.fallback(v.record(text, text), {}),
  pictures: v.fallback(v.array(Picture), []),
  timings: v.object({
    receivedAt: text,
    startedAt: maybe(text),
    detectedAt: maybe(text),
    translatedAt: maybe(text),
    picturesAt: maybe(text),
    composedAt: text,
    steps: v.fallback(v.array(v.object({ name: text, ms: v.number() })), []),
  }),
  directory: v.fallback(maybe(Found), undefined),
  question: v.fallback(maybe(Asked), undefined),
  reply: v.fallback(Reply, { state: "pending" }),
  deliveries: v.fallback(v.record(text, Delivery), {}),
});

const languages = v.fallback(v.array(text), []);
export const Config = v.object({
  apiUrl: text,
  socketUrl: v.pipe(text, v.regex(/^wss?:\/\//)),
  userPool: v.object({
    region: v.fallback(text, ""),
    userPoolId: text,
    clientId: text,
    endpoint: v.fallback(text, ""),
  }),
  deskLanguages: languages,
  languages,
  number: v.fallback(text, ""),
});

export type Place = v.InferOutput<typeof Place>;
export type Picture = v.InferOutput<typeof Picture>;
export type Image = v.InferOutput<typeof Image>;
export type Delivery = v.InferOutput<typeof Delivery>;
export type Reply = v.InferOutput<typeof Reply>;
export type Message = v.InferOutput<typeof Message>;
export type Frame = v.InferOutput<typeof Frame>;
export type Conversation = v.InferOutput<typeof Conversation>;
export type Report = v.InferOutput<typeof Report>;
export type Found = v.InferOutput<typeof Found>;
export type Asked = v.InferOutput<typeof Asked>;
export type Question = v.InferOutput<typeof Question>;
export type Digest = v.InferOutput<typeof Digest>;
export type Subscription = v.InferOutput<typeof Subscription>;
export type Entry = v.InferOutput<typeof Entry>;
export type Upload = v.InferOutput<typeof Upload>;
export type Config = v.InferOutput<typeof Config>;
export type Line = v.InferOutput<typeof Line>;
export type Translation = v.InferOutput<typeof Translation>;

/** The items of a list that are what they should be; the others are left out, and do not sink the rest. */
export function sound<T extends v.GenericSchema>(schema: T, items: unknown[]): v.InferOutput<T>[] {
  return items.flatMap((item) => {
    const result = v.safeParse(schema, item);
    return result.success ? [result.output] : [];
  });
}

/** A frame as it came over the wire, or nothing when it is none that we know. */
export function parseFrame(data: unknown): Frame | undefined {
  if (typeof data !== "string") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  const result = v.safeParse(Frame, value);
  return result.success ? result.output : undefined;
}
