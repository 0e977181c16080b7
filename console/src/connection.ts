/**
 * The WebSocket to the desk. It buys a ticket, opens the socket, keeps it alive, opens it again when it breaks (API Gateway
 * ends every connection after two hours), and matches answers to questions. What the frames mean is the business of state.ts.
 */
import { signal } from "@preact/signals";
import { backoff } from "./lib/backoff.ts";
import { type Frame, parseFrame } from "./lib/schema.ts";

export type ConnectionState =
  | { kind: "connecting" }
  | { kind: "connected" }
  | { kind: "waiting"; until: number }
  | { kind: "offline" }
  | { kind: "closed" };

export class FrameError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.name = "FrameError";
    this.code = code;
  }
}

export interface Events {
  /** A ticket for a new connection; throws ApiError. */
  ticket: () => Promise<string>;
  /** The socket is open; a rejection closes it again. */
  opened: () => Promise<void>;
  frame: (frame: Frame) => void;
}

const PING_MS = 30_000;
const PONG_MS = 10_000;
const OPEN_MS = 15_000;
/** The machine behind the socket may take 28 seconds. */
const ANSWER_MS = 32_000;
/** A connection that lived so long was a good one: the next attempt starts afresh. */
const STABLE_MS = 20_000;

interface Waiting {
  resolve: (frame: Frame) => void;
  reject: (error: FrameError) => void;
  timer: number;
}

export class DeskConnection {
  readonly state = signal<ConnectionState>({ kind: "closed" });
  readonly #url: string;
  readonly #events: Events;
  readonly #asked = new Map<string, Waiting>();
  #socket: WebSocket | undefined;
  #attempt = 0;
  #openedAt = 0;
  #retry = 0;
  #ping = 0;
  #deadline = 0;
  #refs = 0;
  /** Counts attempts, so that a late answer to an abandoned one is told apart. */
  #generation = 0;

  constructor(url: string, events: Events) {
    this.#url = url;
    this.#events = events;
  }

  start(): void {
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#offline);
    document.addEventListener("visibilitychange", this.#visible);
    void this.#open();
  }

  stop(): void {
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#offline);
    document.removeEventListener("visibilitychange", this.#visible);
    this.#drop();
    this.state.value = { kind: "closed" };
  }

  get connected(): boolean {
    return this.state.value.kind === "connected";
  }

  /** Tries at once, without waiting for the next attempt. */
  retryNow(): void {
    const { kind } = this.state.value;
    if (kind === "waiting" || kind === "offline") {
      this.#attempt = 0;
      void this.#open();
    }
  }

  /** Asks and waits for the answer with the same ref. Rejects with FrameError; code "lost" when the connection broke before. */
  ask(question: { action: string } & Record<string, unknown>): Promise<Frame> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new FrameError("lost", ""));
    const ref = `q${++this.#refs}`;
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.#asked.delete(ref);
        reject(new FrameError("timeout", ""));
      }, ANSWER_MS);
      this.#asked.set(ref, { resolve, reject, timer });
      socket.send(JSON.stringify({ ...question, ref }));
    });
  }

  readonly #wake = (): void => {
    this.#attempt = 0;
    if (!this.connected) void this.#open();
  };

  readonly #offline = (): void => {
    this.#drop();
    this.state.value = { kind: "offline" };
  };

  /** A browser slows the timers of a hidden page down: make sure of the connection when it is looked at again. */
  readonly #visible = (): void => {
    if (document.hidden) return;
    if (this.connected) this.#sendPing();
    else this.retryNow();
  };

  async #open(): Promise<void> {
    this.#drop();
    const generation = this.#generation;
    this.state.value = { kind: "connecting" };
    try {
      const ticket = await this.#events.ticket();
      if (generation !== this.#generation) return;
      this.#listen(new WebSocket(`${this.#url}?ticket=${encodeURIComponent(ticket)}`), generation);
    } catch {
      if (generation === this.#generation) this.#later();
    }
  }

  #listen(socket: WebSocket, generation: number): void {
    this.#socket = socket;
    this.#deadline = window.setTimeout(
      () => socket.readyState === WebSocket.CONNECTING && this.#lost(generation),
      OPEN_MS,
    );
    socket.addEventListener("open", () => void this.#opened(generation));
    socket.addEventListener("message", (event) => generation === this.#generation && this.#receive(event.data));
    socket.addEventListener("close", () => this.#lost(generation));
  }

  async #opened(generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    clearTimeout(this.#deadline);
    this.#openedAt = Date.now();
    this.#ping = window.setInterval(() => this.#sendPing(), PING_MS);
    this.state.value = { kind: "connected" };
    try {
      await this.#events.opened();
    } catch {
      this.#lost(generation);
    }
  }

  #sendPing(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const generation = this.#generation;
    this.#socket.send('{"action":"ping"}');
    clearTimeout(this.#deadline);
    this.#deadline = window.setTimeout(() => this.#lost(generation), PONG_MS);
  }

  #receive(data: unknown): void {
    // Whatever came, the connection lives.
    clearTimeout(this.#deadline);
    const frame = parseFrame(data);
    if (!frame) return this.#unknown();
    const ref = "ref" in frame ? frame.ref : undefined;
    const waiting = ref === undefined ? undefined : this.#asked.get(ref);
    if (ref === undefined || !waiting) return this.#events.frame(frame);
    this.#asked.delete(ref);
    clearTimeout(waiting.timer);
    if (frame.type === "error") waiting.reject(new FrameError(frame.code, frame.detail));
    else waiting.resolve(frame);
  }

  /** API Gateway's own words about an integration that failed carry no ref: they answer what is asked, if that is one question. */
  #unknown(): void {
    const [only, ...others] = [...this.#asked];
    if (!only || others.length) return;
    this.#asked.delete(only[0]);
    clearTimeout(only[1].timer);
    only[1].reject(new FrameError("unavailable", ""));
  }

  #lost(generation: number): void {
    if (generation !== this.#generation) return;
    if (this.#openedAt && Date.now() - this.#openedAt > STABLE_MS) this.#attempt = 0;
    this.#drop();
    if (navigator.onLine) this.#later();
    else this.state.value = { kind: "offline" };
  }

  #later(): void {
    const wait = backoff(this.#attempt++);
    this.state.value = { kind: "waiting", until: Date.now() + wait };
    this.#retry = window.setTimeout(() => void this.#open(), wait);
  }

  #drop(): void {
    this.#generation++;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearInterval(this.#ping);
    this.#openedAt = 0;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const { reject, timer } of this.#asked.values()) {
      clearTimeout(timer);
      reject(new FrameError("lost", ""));
    }
    this.#asked.clear();
  }
}
