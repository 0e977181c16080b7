// A phone that texts the desk through the simulated Twilio. It remembers the number it texts as, and nothing else: the
// thread is the simulator's. What people wrote is only ever put into text nodes.

import { PEOPLE, personOf } from "./people.js";
import { sign } from "./pictures.js";

const NUMBER = /^\+[1-9]\d{6,14}$/;
const WAIT_SECONDS = 25;
const HIDDEN_PAUSE_MS = 5000;
const RETRY_MS = 2000;
const ANSWER_EXPECTED_MS = 20000;
const MAX_PICTURES = 10;
const WHATSAPP_BYTES = 16 * 1024 * 1024;
const REMEMBERED = "handset-number";
const AHEAD = new Set(["accepted", "scheduled", "queued", "sending"]);
const FAILED = new Set(["failed", "undelivered", "canceled"]);

const at = (id) => document.getElementById(id);
const account = { number: "", carrierOptOut: true, maxMediaBytes: 5 * 1024 * 1024 };
const phone = { me: "", to: "", channel: "sms", optedOut: false };
const thread = { items: new Map(), version: 0, asked: null, loaded: false };
const attached = [];
let unread = 0;

// --- small helpers ---------------------------------------------------------------------------------------------------

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const bare = (address) => address.slice(address.lastIndexOf(":") + 1);
const address = (number) => (phone.channel === "sms" ? number : `${phone.channel}:${number}`);
const myName = () => personOf(phone.me)?.name ?? phone.me;
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
const compact = (text) => text.replace(/[\s().-]/g, "");

async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(body.message ?? `The simulated Twilio answered ${answer.status}.`);
  return body;
}

const give = (path, value) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

function initial(name) {
  return [...name].find((character) => /\p{L}/u.test(character)) ?? "#";
}

function avatar(target, number) {
  const index = PEOPLE.findIndex((person) => person.number === number);
  target.className = index < 0 ? "avatar" : `avatar tint-${index % 6}`;
  target.textContent = initial(personOf(number)?.name ?? "");
}

// --- who and where to -----------------------------------------------------------------------------------------------

function readAddress() {
  const query = new URLSearchParams(location.search);
  // A bare + in an address means a blank, and people type one.
  const number = (name) => compact((query.get(name) ?? "").replace(/^ /, "+"));
  const remembered = localStorage.getItem(REMEMBERED) ?? "";
  phone.me = [number("me"), remembered].find((value) => NUMBER.test(value)) ?? PEOPLE[0].number;
  phone.to = NUMBER.test(number("to")) ? number("to") : account.number;
  phone.channel = query.get("channel") === "whatsapp" ? "whatsapp" : "sms";
}

function addressOf(me) {
  const query = new URLSearchParams({ me });
  if (phone.to !== account.number) query.set("to", phone.to);
  if (phone.channel !== "sms") query.set("channel", phone.channel);
  return `?${query}`;
}

function become(changes) {
  Object.assign(phone, changes);
  history.pushState(null, "", addressOf(phone.me));
  begin();
}

function begin() {
  localStorage.setItem(REMEMBERED, phone.me);
  showIdentity();
  problem("");
  clearThread();
  follow();
}

function showIdentity() {
  const person = personOf(phone.me);
  at("title").textContent = person ? person.name : phone.me;
  at("title").lang = person?.language ?? "";
  const channel = phone.channel === "sms" ? "SMS" : "WhatsApp";
  at("subtitle").textContent = `${person ? `${phone.me} · ` : ""}${channel} to ${phone.to}`;
  avatar(at("avatar"), phone.me);
  showTitle();
  at("to").value = phone.to;
  at("number").value = person ? "" : phone.me;
  document.querySelector(`input[name=channel][value=${phone.channel}]`).checked = true;
  at("empty-text").textContent = `Text the desk as ${myName()}, or tap a sentence below. What the desk answers appears here.`;
  showPeople();
  showSamples(person);
}

function showTitle() {
  document.title = `${unread ? `(${unread}) ` : ""}${myName()} · handset`;
}

function showPeople() {
  const entries = PEOPLE.map((person) => {
    const face = element("span", { ariaHidden: "true" });
    avatar(face, person.number);
    const name = element("span", { className: "name", textContent: person.name, lang: person.language });
    const about = [person.latin, person.speaks, person.number].filter(Boolean).join(" · ");
    const more = element("span", { className: "more", textContent: about });
    const button = element("button", { type: "button", className: "person" }, face, element("span", { className: "details" }, name, more));
    button.setAttribute("aria-current", String(person.number === phone.me));
    button.addEventListener("click", () => {
      closeSettings();
      become({ me: person.number });
      if (at("settings").hasAttribute("open")) document.querySelector(".person[aria-current=true]").focus();
    });
    return element("li", {}, button);
  });
  at("people").replaceChildren(...entries);
  const here = PEOPLE.findIndex((person) => person.number === phone.me);
  at("another").href = addressOf(PEOPLE[(here + 1) % PEOPLE.length].number);
}

function showSamples(person) {
  const chips = (person?.sentences ?? []).map((sentence) => {
    const chip = element("button", { type: "button", className: "chip", textContent: sentence, lang: person.language, dir: "auto" });
    chip.addEventListener("click", () => send(sentence, []));
    return element("li", {}, chip);
  });
  at("samples").replaceChildren(...chips);
  at("samples").hidden = chips.length === 0;
  for (const old of at("menu").querySelectorAll("button")) old.remove();
  for (const picture of person?.pictures ?? PEOPLE[2].pictures) {
    const button = element("button", { type: "button", textContent: `Sample: ${picture.label.toLowerCase()}` });
    button.addEventListener("click", async () => attach([await sign(picture)]));
    at("menu").append(button);
  }
}

// --- the thread ------------------------------------------------------------------------------------------------------

function clearThread() {
  thread.asked?.abort();
  thread.items.clear();
  Object.assign(thread, { version: 0, loaded: false });
  at("thread").replaceChildren();
  at("empty").hidden = true;
  at("newer").hidden = true;
  phone.optedOut = false;
  strip("");
}

/** Asks for news for as long as this is the phone's number and line. */
async function follow() {
  const asked = new AbortController();
  thread.asked = asked;
  while (!asked.signal.aborted) {
    try {
      await hear(asked.signal);
    } catch (error) {
      if (asked.signal.aborted) return;
      strip("No connection to the simulated Twilio. Is make run still running? Trying again…", "bad");
      // What came meanwhile may be of another run: everything is read anew.
      Object.assign(thread, { version: 0, loaded: false });
      await pause(RETRY_MS);
    }
  }
}

async function hear(signal) {
  const hidden = document.visibilityState === "hidden";
  const wait = thread.loaded && !hidden ? WAIT_SECONDS : 0;
  const query = new URLSearchParams({ with: address(phone.me), after: thread.version, wait });
  const news = await ask(`/_sim/messages?${query}`, { signal });
  if (signal.aborted) return;
  if (!thread.loaded && news.messages.length < thread.items.size) forget();
  show(news);
  if (thread.items.size > news.held) {
    forget();
    thread.loaded = false;
  }
  // A browser keeps few connections to one address: a window nobody sees asks now and then instead of waiting.
  if (hidden) await pause(HIDDEN_PAUSE_MS);
}

function forget() {
  thread.items.clear();
  thread.version = 0;
  at("thread").replaceChildren();
}

function show(news) {
  const first = !thread.loaded;
  const box = at("scroll");
  const below = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  let fresh = 0;
  for (const message of news.messages) fresh += showMessage(message, first) ? 1 : 0;
  Object.assign(thread, { version: Math.max(thread.version, ...news.messages.map((each) => each.version)), loaded: true });
  phone.optedOut = news.optedOut && phone.channel === "sms";
  at("empty").hidden = thread.items.size > 0;
  showSilence();
  if (first || below) bottom();
  else if (fresh) at("newer").hidden = false;
  if (fresh && !first && document.visibilityState === "hidden") unread += fresh;
  showTitle();
}

function showSilence() {
  if (phone.optedOut) strip(`The carrier lets nothing from ${phone.to} through to this phone until it texts START.`, "carrier");
  else strip("");
}

function bottom() {
  at("scroll").scrollTop = at("scroll").scrollHeight;
  at("newer").hidden = true;
}

/** Adds or renews a message; whether it is a new one of the other side. */
function showMessage(message, first) {
  let item = thread.items.get(message.sid);
  const known = Boolean(item);
  if (!known) {
    item = makeMessage(message, first);
    thread.items.set(message.sid, item);
    addDay(message);
    at("thread").append(item.entry);
  }
  showState(item, message);
  return !known && message.direction !== "inbound";
}

function addDay(message) {
  const day = new Date(message.at).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
  const shown = [...at("thread").querySelectorAll(".day")].at(-1)?.textContent;
  if (day !== shown) at("thread").append(element("li", { className: "day", textContent: day }));
}

function makeMessage(message, first) {
  const mine = message.direction === "inbound";
  const kind = mine ? "mine" : message.carrier ? "carrier" : "theirs";
  const entry = element("li", { className: `message ${kind}${first ? "" : " fresh"}` });
  entry.dataset.sid = message.sid;
  const speaker = mine ? "You: " : message.carrier ? "" : "Desk: ";
  entry.append(element("span", { className: "hidden", textContent: speaker }));
  if (message.carrier) entry.append(element("span", { className: "tag", textContent: "Answered by the carrier" }));
  for (const url of message.media) entry.append(picture(url, mine));
  if (message.body) {
    const bubble = element("div", { className: "bubble", textContent: message.body, dir: "auto" });
    // The desk answers in the person's language; the carrier knows only English.
    bubble.lang = message.carrier ? "en" : (personOf(phone.me)?.language ?? "");
    if (!bubble.lang) bubble.removeAttribute("lang");
    entry.append(bubble);
  }
  const state = element("p", { className: "state" });
  entry.append(state);
  return { entry, state };
}

function picture(url, mine) {
  const sid = /\/Media\/(ME\w+)/.exec(url)?.[1];
  const gone = () => element("p", { className: "missing", textContent: "A picture that is no longer kept" });
  if (!sid) return gone();
  const image = element("img", { className: "picture", src: `/_sim/media/${sid}`, alt: mine ? "Picture you sent" : "Picture from the desk" });
  image.addEventListener("error", () => image.replaceWith(gone()));
  image.addEventListener("load", () => at("newer").hidden && bottom());
  return image;
}

function showState(item, message) {
  const time = new Date(message.at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const { text, bad } = message.direction === "inbound" ? mineState(message) : theirState(message);
  item.state.textContent = `${time} · ${text}`;
  item.state.classList.toggle("bad", bad);
  item.entry.classList.toggle("lost", FAILED.has(message.status));
  item.entry.dataset.state = message.direction === "inbound" ? (bad ? "refused" : "taken") : message.status;
  if (message.direction === "inbound" && bad) item.again ??= againButton(item, message);
  else if (item.again) item.again = void item.again.remove();
}

function theirState(message) {
  if (FAILED.has(message.status)) {
    const code = message.error_code ? ` (code ${message.error_code})` : "";
    return { text: `Never reached the phone: ${message.status}${code}`, bad: true };
  }
  return { text: AHEAD.has(message.status) ? "On its way" : message.status[0].toUpperCase() + message.status.slice(1), bad: false };
}

function mineState(message) {
  const { answered, error_code: code } = message;
  const waiting = Date.now() - Date.parse(message.at) < ANSWER_EXPECTED_MS;
  if (answered === null) return waiting ? { text: "Sending…", bad: false } : { text: "No answer is known", bad: true };
  if (answered >= 200 && answered < 300 && !code) return { text: "Taken by the desk", bad: false };
  return { text: refusal(answered, code), bad: true };
}

/** What to do about an answer of the desk's webhook, in words. */
function refusal(answered, code) {
  if (answered === 0) return "Nothing answered at the desk's webhook. Is make run still running?";
  if (answered === 403) return "Refused (403): the signature was not accepted. Stop make run and start it again, so that both sides have the same token and address.";
  if (answered === 503) return "Not taken (503): the desk could not store it. It may still be starting; send it again in a moment.";
  if (answered === 429) return "Refused (429): too many messages at once. Wait a little and send it again.";
  if (answered < 300) return `Taken, but the answer was not TwiML (Twilio's error ${code}).`;
  return `Refused (${answered}) by the desk's webhook. The terminal of make run says why.`;
}

function againButton(item, message) {
  const button = element("button", { type: "button", className: "again", textContent: "Send again" });
  button.addEventListener("click", () => {
    const media = message.media.map((url) => ({ mediaSid: /\/Media\/(ME\w+)/.exec(url)?.[1] }));
    deliver({ body: message.body, sid: message.sid, media });
  });
  item.entry.append(button);
  return button;
}

function strip(text, kind = "") {
  const line = at("strip");
  if (line.textContent !== text) line.textContent = text;
  line.className = `strip ${kind}`;
  line.hidden = !text;
}

// --- writing ---------------------------------------------------------------------------------------------------------

function problem(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

const deliver = (message) => give("/_sim/messages", { from: phone.me, to: phone.to, channel: phone.channel, ...message });

/** Sends a text with files; gives whether the simulated Twilio has it. */
async function send(body, files) {
  problem("");
  bottom();
  try {
    const media = [];
    for (const file of files) {
      const headers = { "Content-Type": file.type || "application/octet-stream" };
      const { mediaSid } = await ask("/_sim/media", { method: "POST", headers, body: file });
      media.push({ mediaSid });
    }
    await deliver({ body, media });
    return true;
  } catch (error) {
    const reason = error instanceof TypeError ? "the simulated Twilio does not answer. Is make run still running?" : error.message;
    problem(`Not sent: ${reason}`);
    return false;
  }
}

async function submit(event) {
  event.preventDefault();
  const body = at("text").value;
  const files = attached.map((each) => each.file);
  if (!body.trim() && !files.length) return;
  const pictures = attached.splice(0);
  at("text").value = "";
  showTray();
  showCount();
  if (await send(body, files)) {
    for (const each of pictures) URL.revokeObjectURL(each.url);
    return;
  }
  if (!at("text").value) at("text").value = body;
  attached.unshift(...pictures);
  showTray();
  showCount();
}

function attach(files) {
  at("attach").open = false;
  const limit = phone.channel === "sms" ? account.maxMediaBytes : WHATSAPP_BYTES;
  let total = attached.reduce((sum, each) => sum + each.file.size, 0);
  problem("");
  for (const file of files) {
    if (!file.type.startsWith("image/")) problem(`${file.name} is not a picture.`);
    else if (attached.length === MAX_PICTURES) problem(`A message carries at most ${MAX_PICTURES} pictures.`);
    else if (total + file.size > limit) problem(`${file.name} is too large (${size(file.size)}): a message carries at most ${size(limit)} of pictures.`);
    else {
      attached.push({ file, url: URL.createObjectURL(file) });
      total += file.size;
    }
  }
  showTray();
  showCount();
  at("text").focus();
}

function showTray() {
  const entries = attached.map((each) => {
    const image = element("img", { src: each.url, alt: "" });
    const name = element("p", { textContent: each.file.name, title: each.file.name });
    const remove = element("button", { type: "button", textContent: `Remove (${size(each.file.size)})` });
    remove.setAttribute("aria-label", `Remove ${each.file.name}, ${size(each.file.size)}`);
    remove.addEventListener("click", () => {
      attached.splice(attached.indexOf(each), 1);
      URL.revokeObjectURL(each.url);
      showTray();
      showCount();
      at("text").focus();
    });
    return element("li", {}, image, name, remove);
  });
  at("tray").replaceChildren(...entries);
  at("tray").hidden = entries.length === 0;
}

const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const GSM_EXTENDED = new Set("\f^{}\\[~]|€");

/** SMS segments of a text: 160 or 153 septets in GSM-7, 70 or 67 units in UCS-2. */
function segments(text) {
  const characters = [...text];
  if (characters.every((each) => GSM.has(each) || GSM_EXTENDED.has(each))) {
    const septets = characters.reduce((sum, each) => sum + (GSM_EXTENDED.has(each) ? 2 : 1), 0);
    return septets <= 160 ? 1 : Math.ceil(septets / 153);
  }
  return text.length <= 70 ? 1 : Math.ceil(text.length / 67);
}

function showCount() {
  const text = at("text").value;
  const parts = segments(text);
  const sms = phone.channel === "sms" && !attached.length ? ` · ${parts} SMS` : "";
  at("count").textContent = text.length > 100 || parts > 1 ? `${text.length} of 1600${sms}` : "";
  at("send").disabled = !text.trim() && !attached.length;
}

// --- the settings ---------------------------------------------------------------------------------------------------

const wide = matchMedia("(min-width: 52rem)");

function closeSettings() {
  if (!wide.matches && at("settings").open) at("settings").close();
}

/** Beside the phone where there is room, over it where there is not. */
function placeSettings() {
  const settings = at("settings");
  if (settings.open && !wide.matches) settings.close();
  settings.toggleAttribute("open", wide.matches);
}

function numberFrom(field, otherwise) {
  const value = compact(field.value) || otherwise;
  const valid = NUMBER.test(value);
  field.setAttribute("aria-invalid", String(!valid));
  at("number-help").classList.toggle("bad", !valid);
  if (!valid) field.focus();
  return valid ? value : "";
}

const PLANS = {
  late: { delay: 10 }, twice: { twice: true }, reverse: { reverse: true }, lose: { lose: true },
  30003: { fail: 30003 }, 30007: { fail: 30007 },
};

async function plan() {
  const wish = PLANS[at("plan").value];
  try {
    await (wish ? give("/_sim/callbacks", wish) : ask("/_sim/callbacks", { method: "DELETE" }));
    at("plan-state").textContent = "Set.";
  } catch {
    at("plan-state").textContent = "Not set: the simulated Twilio does not answer.";
  }
}

/** Shows the plan that is in force, when the settings are opened. */
async function showPlan() {
  try {
    const now = await ask("/_sim/callbacks");
    const reversed = now.order[0] !== "queued";
    const name = now.fail ? String(now.fail) : now.lose.length ? "lose" : now.delay ? "late" : now.twice ? "twice" : reversed ? "reverse" : "";
    at("plan").value = name in PLANS ? name : "";
    at("plan-state").textContent = "";
  } catch {
    at("plan-state").textContent = "The simulated Twilio does not answer.";
  }
}

function listenToSettings() {
  at("open-settings").addEventListener("click", () => at("settings").showModal());
  at("close-settings").addEventListener("click", closeSettings);
  at("settings").addEventListener("click", (event) => event.target === at("settings") && closeSettings());
  at("identity").addEventListener("submit", (event) => {
    event.preventDefault();
    const me = numberFrom(at("number"), "");
    if (me) { closeSettings(); become({ me }); }
  });
  at("line").addEventListener("submit", (event) => {
    event.preventDefault();
    const to = numberFrom(at("to"), account.number);
    if (to) { closeSettings(); become({ to }); }
  });
  at("line").addEventListener("change", (event) => event.target.name === "channel" && become({ channel: event.target.value }));
  at("another").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    // A window of a phone's size; where that is not allowed the link opens a tab.
    if (window.open(at("another").href, "_blank", "popup,width=420,height=820")) event.preventDefault();
  });
  at("plan").addEventListener("change", plan);
  document.querySelector(".network").addEventListener("toggle", showPlan);
  wide.addEventListener("change", placeSettings);
}

function listenToPhone() {
  at("compose").addEventListener("submit", submit);
  at("text").addEventListener("input", showCount);
  at("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    at("compose").requestSubmit();
  });
  at("text").addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    attach([...event.clipboardData.files]);
  });
  at("file").addEventListener("change", (event) => {
    attach([...event.target.files]);
    event.target.value = "";
  });
  at("attach").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    at("attach").open = false;
    at("attach").querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => { if (!at("attach").contains(event.target)) at("attach").open = false; });
  for (const chip of document.querySelectorAll(".word")) chip.addEventListener("click", () => send(chip.dataset.word, []));
  at("newer").addEventListener("click", bottom);
  at("scroll").addEventListener("scroll", () => {
    const box = at("scroll");
    if (box.scrollHeight - box.scrollTop - box.clientHeight < 8) at("newer").hidden = true;
  });
}

function listenToWindow() {
  addEventListener("popstate", () => { readAddress(); begin(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") return;
    unread = 0;
    showTitle();
    thread.asked?.abort();
    follow();
  });
}

async function start() {
  for (;;) {
    try {
      Object.assign(account, await ask("/_sim/account"));
      break;
    } catch {
      strip("The simulated Twilio does not answer. Is make run still running? Trying again…", "bad");
      await pause(RETRY_MS);
    }
  }
  readAddress();
  listenToSettings();
  listenToPhone();
  listenToWindow();
  placeSettings();
  showCount();
  begin();
}

start();
