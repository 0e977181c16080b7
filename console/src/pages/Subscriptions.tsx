/** Who gets the digest, by e-mail or as a text message. */
import { useRef, useState } from "preact/hooks";
import { createSubscription, deleteSubscription, listSubscriptions } from "../api.ts";
import { locale, t, uiLanguage, uiLanguages } from "../i18n/index.ts";
import { languageName, moment, phone } from "../lib/format.ts";
import { splitAddress } from "../lib/questions.ts";
import type { Subscription } from "../lib/schema.ts";
import { type Kind, mailLanguage, subscriptionFault, subscriptionRequest } from "../lib/subscriptions.ts";
import { config, readingLanguage } from "../state.ts";
import { Choice, Empty, Failure, Spinner, Title, useLoad } from "../ui/basics.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { Icon } from "../ui/icons.tsx";
import { byName, languageChoices } from "../ui/languages.ts";

export function SubscriptionsPage() {
  const { value, error, retry } = useLoad(listSubscriptions, []);
  // The server's list may lag behind what was just changed here.
  const [added, setAdded] = useState<Subscription[]>([]);
  const [gone, setGone] = useState<readonly string[]>([]);
  const [said, setSaid] = useState("");
  const all = new Map([...(value ?? []), ...added].map((one) => [one.subscriptionId, one]));
  for (const subscriptionId of gone) all.delete(subscriptionId);
  const found = [...all.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  return (
    <main class="page narrow" id="content">
      <header class="page-head">
        <Title>{t("subscriptions.title")}</Title>
        <a class="button" href="#/digest">
          <Icon name="back" />
          {t("digest.title")}
        </a>
      </header>
      <p class="muted">{t("subscriptions.intro")}</p>
      <p role="status" class="said" data-testid="subscriptions-said">
        {said && (
          <span class="banner ok">
            <Icon name="check" />
            {said}
          </span>
        )}
      </p>
      <div class="stack top-gap">
        {found.length > 0 && (
          <ul class="entries" aria-label={t("subscriptions.title")} data-testid="subscriptions">
            {found.map((one) => (
              <Item
                key={one.subscriptionId}
                subscription={one}
                onGone={() => {
                  setGone([...gone, one.subscriptionId]);
                  setSaid(t("subscriptions.removed", { who: addressText(one) }));
                }}
              />
            ))}
          </ul>
        )}
        {!value && error === undefined && <Spinner />}
        {error !== undefined && <Failure error={error} retry={retry} />}
        {value && !found.length && (
          <Empty icon="mail" title={t("subscriptions.empty")} hint={t("subscriptions.emptyHint")} />
        )}
        <Form
          onAdded={(one) => {
            setAdded([...added, one]);
            setGone(gone.filter((each) => each !== one.subscriptionId));
            setSaid(t("subscriptions.added", { who: addressText(one) }));
          }}
        />
      </div>
    </main>
  );
}

const addressText = ({ kind, address }: Subscription): string =>
  kind === "sms" ? phone(splitAddress(address).number) : address;

/** A mail is written in one of few languages, whatever was asked for. */
const written = (wanted: string | undefined): string =>
  mailLanguage(wanted, config.value?.deskLanguages ?? [], uiLanguages);

const languageOf = ({ kind, language }: Subscription): string => (kind === "email" ? written(language) : language);

const nameOf = (one: Subscription): string => one.name || addressText(one);

function Item({ subscription, onGone }: { subscription: Subscription; onGone: () => void }) {
  const { subscriptionId, kind, name, refusedAt } = subscription;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const remove = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await deleteSubscription(subscriptionId);
      onGone();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const who = addressText(subscription);
  const details = [
    name && who,
    t(kind === "sms" ? "subscriptions.sms" : "subscriptions.email"),
    languageName(languageOf(subscription), uiLanguage.value),
  ].filter(Boolean);
  return (
    <li class="entry" data-testid="subscription" data-subscription-id={subscriptionId}>
      <div class="entry-head">
        <div>
          <p class="entry-title">
            <bdi>{nameOf(subscription)}</bdi>
          </p>
          <p class="muted small">
            <bdi>{details.join(" · ")}</bdi>
          </p>
          {refusedAt && (
            <p class="bad small" data-testid="subscription-refused">
              {t("subscriptions.refused", { when: moment(refusedAt, locale.value) })}
            </p>
          )}
        </div>
        <button
          type="button"
          class="button danger tiny"
          disabled={busy}
          onClick={() => setAsking(true)}
          aria-label={t("subscriptions.removeWho", { who: nameOf(subscription) })}
          data-testid="subscription-remove"
        >
          <Icon name="trash" />
          {t("subscriptions.remove")}
        </button>
      </div>
      {error !== undefined && <Failure error={error} />}
      {asking && (
        <Confirm
          title={t("subscriptions.removeTitle", { who: nameOf(subscription) })}
          text={t("subscriptions.removeText")}
          keep={t("directory.keep")}
          act={t("subscriptions.remove")}
          onClose={() => setAsking(false)}
          onAct={() => void remove()}
        />
      )}
    </li>
  );
}

function Form({ onAdded }: { onAdded: (one: Subscription) => void }) {
  const [kind, setKind] = useState<Kind>("email");
  const [address, setAddress] = useState("");
  const [name, setName] = useState("");
  const [wanted, setLanguage] = useState(readingLanguage.value);
  const language = kind === "email" ? written(wanted) : wanted;
  const languages = kind === "email" ? uiLanguages : [...languageChoices(), ...(config.value?.deskLanguages ?? [])];
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLInputElement>(null);
  const fault = shown ? subscriptionFault(kind, address) : undefined;
  const add = async () => {
    setBusy(true);
    setError(undefined);
    try {
      onAdded(await createSubscription(subscriptionRequest(kind, address, language, name)));
      setAddress("");
      setName("");
      setShown(false);
      input.current?.focus();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setShown(true);
    if (subscriptionFault(kind, address)) input.current?.focus();
    else if (!busy) void add();
  };
  return (
    <form class="card" onSubmit={submit} noValidate data-testid="subscription-form">
      <h2>{t("subscriptions.add")}</h2>
      <Choice<Kind>
        legend={t("subscriptions.how")}
        value={kind}
        options={[
          ["email", t("subscriptions.email")],
          ["sms", t("subscriptions.sms")],
        ]}
        onChange={(next) => {
          setKind(next);
          setShown(false);
        }}
        testid="subscription-kind"
      />
      <div class="field">
        <label for="subscription-address">{t(kind === "sms" ? "questions.field.number" : "signIn.email")}</label>
        <input
          id="subscription-address"
          ref={input}
          inputMode={kind === "sms" ? "tel" : "email"}
          spellcheck={false}
          value={address}
          dir="ltr"
          autoComplete="off"
          aria-required
          aria-invalid={fault !== undefined}
          {...(fault ? { "aria-describedby": "subscription-fault" } : {})}
          onInput={(event) => setAddress(event.currentTarget.value)}
          data-testid="subscription-address"
        />
        {fault && (
          <p class="bad small" id="subscription-fault" data-testid="subscription-fault">
            {t(`subscriptions.fault.${fault}`)}
          </p>
        )}
      </div>
      <div class="field-pair">
        <div class="field">
          <label for="subscription-name">
            {t("directory.field.name")} <span class="muted small optional">{t("directory.optional")}</span>
          </label>
          <input
            id="subscription-name"
            value={name}
            maxLength={60}
            dir="auto"
            autoComplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="subscription-name"
          />
        </div>
        <div class="field">
          <label for="subscription-language">{t("directory.field.language")}</label>
          <select
            id="subscription-language"
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value)}
            data-testid="subscription-language"
          >
            {byName([...new Set([...languages, language])]).map(([code, label]) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        </div>
      </div>
      {error !== undefined && <Failure error={error} />}
      <p class="form-foot">
        <button type="submit" class="button primary" disabled={busy} data-testid="subscription-add">
          <Icon name="plus" />
          {t("subscriptions.add")}
        </button>
      </p>
      <p class="muted small">{t(kind === "sms" ? "subscriptions.smsHint" : "subscriptions.emailHint")}</p>
    </form>
  );
}
