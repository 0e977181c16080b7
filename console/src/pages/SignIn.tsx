/** Signing in: with a password, a temporary one, or a forgotten one. */
import { type ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import {
  authError,
  confirmForgotten,
  currentSession,
  forgotPassword,
  keepsSignedIn,
  PASSWORD_LENGTH,
  setNewPassword,
  signIn,
  type Step,
} from "../auth.ts";
import { maybe, t } from "../i18n/index.ts";
import { ended, enter } from "../state.ts";
import { Title } from "../ui/basics.tsx";
import { Icon } from "../ui/icons.tsx";

type Stage = "password" | "new-password" | "forgotten" | "code";

export function SignIn() {
  const [stage, setStage] = useState<Stage>("password");
  const [email, setEmail] = useState("");
  const [message, setMessage] = useState("");
  const show = (next: Stage, text = "") => {
    setStage(next);
    setMessage(text);
  };
  const props = { email, setEmail, show };
  return (
    <main class="sign-in" id="content">
      <div class="sign-in-card">
        <p class="brand">
          <span class="brand-mark" aria-hidden="true" />
          {t("app.name")}
        </p>
        {ended.value && !message && (
          <p class="banner warn" role="status">
            {t("signIn.ended")}
          </p>
        )}
        {message && (
          <p class="banner ok" role="status">
            {message}
          </p>
        )}
        {stage === "password" && <Password {...props} />}
        {stage === "new-password" && <NewPassword {...props} />}
        {stage === "forgotten" && <Forgotten {...props} />}
        {stage === "code" && <Code {...props} />}
      </div>
    </main>
  );
}

interface StageProps {
  email: string;
  setEmail: (email: string) => void;
  show: (stage: Stage, text?: string) => void;
}

async function follow(step: Step, show: StageProps["show"]): Promise<void> {
  if (step === "new-password") return show("new-password");
  if (step === "reset") return show("forgotten");
  const who = step === "done" ? await currentSession() : undefined;
  if (!who) throw new Unsupported();
  return enter(who);
}

class Unsupported extends Error {}

interface FormProps {
  title: string;
  intro?: string;
  submit: string;
  action: () => Promise<void>;
  children?: ComponentChildren;
  /** What stands below the button. */
  below?: ComponentChildren;
}

function Form({ title, intro, submit, action, children, below }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = async () => {
    setBusy(true);
    setError("");
    try {
      await action();
    } catch (failure) {
      setError(
        failure instanceof Unsupported
          ? t("signIn.unsupported")
          : (maybe(`signIn.errors.${authError(failure)}`) ?? t("signIn.errors.other")),
      );
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void run();
      }}
    >
      <Title>{title}</Title>
      {intro && <p class="muted">{intro}</p>}
      {error && (
        <p class="banner bad" role="alert" data-testid="sign-in-error">
          <Icon name="warning" /> {error}
        </p>
      )}
      {children}
      <button type="submit" class="button primary wide" disabled={busy} data-testid="sign-in-submit">
        {busy ? t("signIn.working") : submit}
      </button>
      {below}
    </form>
  );
}

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "email" | "password";
  complete: string;
  minLength?: number;
  hint?: string;
}

function Field({ id, label, value, onInput, type = "text", complete, minLength, hint }: FieldProps) {
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  // Preact's types tell the kinds of input apart; which one it is shows here only at run time.
  const kind = { type: secret && shown ? "text" : type } as { type: "text" };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...kind}
        minLength={minLength}
        id={id}
        name={id}
        value={value}
        required
        autoComplete={complete}
        autoCapitalize="none"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
        {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
        data-testid={id}
      />
      {hint && (
        <p class="muted small" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {secret && (
        <label class="check small">
          <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />
          {t("signIn.show")}
        </label>
      )}
    </div>
  );
}

function Password({ email, setEmail, show }: StageProps) {
  const [password, setPassword] = useState("");
  const [keep, setKeep] = useState(keepsSignedIn());
  const action = async () => follow(await signIn(email.trim(), password, keep), show);
  const below = (
    <button type="button" class="link" onClick={() => show("forgotten")}>
      {t("signIn.forgot")}
    </button>
  );
  return (
    <Form title={t("signIn.title")} intro={t("signIn.intro")} submit={t("signIn.submit")} action={action} below={below}>
      <Field id="email" type="email" label={t("signIn.email")} value={email} onInput={setEmail} complete="username" />
      <Field
        id="password"
        type="password"
        label={t("signIn.password")}
        value={password}
        onInput={setPassword}
        complete="current-password"
      />
      <label class="check">
        <input type="checkbox" checked={keep} onChange={() => setKeep(!keep)} aria-describedby="keep-hint" />
        {t("signIn.keep")}
      </label>
      <p class="muted small hint" id="keep-hint">
        {t("signIn.keepHint")}
      </p>
    </Form>
  );
}

interface ChooseProps extends Omit<FormProps, "action"> {
  action: (password: string) => Promise<void>;
}

/** A form that ends in a new password, as long as the user pool wants it. */
function ChoosePassword({ action, children, ...form }: ChooseProps) {
  const [password, setPassword] = useState("");
  return (
    <Form {...form} action={() => action(password)}>
      {children}
      <Field
        id="new-password"
        type="password"
        label={t("signIn.newPassword")}
        value={password}
        onInput={setPassword}
        complete="new-password"
        minLength={PASSWORD_LENGTH}
        hint={t("signIn.newHint", { least: PASSWORD_LENGTH })}
      />
    </Form>
  );
}

const NewPassword = ({ show }: StageProps) => (
  <ChoosePassword
    title={t("signIn.newTitle")}
    intro={t("signIn.newIntro")}
    submit={t("signIn.newSubmit")}
    action={async (password) => follow(await setNewPassword(password), show)}
  />
);

function Forgotten({ email, setEmail, show }: StageProps) {
  const action = async () => {
    await forgotPassword(email.trim());
    show("code", t("signIn.codeIntro"));
  };
  return (
    <Form
      title={t("signIn.forgotTitle")}
      intro={t("signIn.forgotIntro")}
      submit={t("signIn.forgotSubmit")}
      action={action}
      below={<Back show={show} />}
    >
      <Field id="email" type="email" label={t("signIn.email")} value={email} onInput={setEmail} complete="username" />
    </Form>
  );
}

function Code({ email, show }: StageProps) {
  const [code, setCode] = useState("");
  const action = async (password: string) => {
    await confirmForgotten(email.trim(), code.trim(), password);
    show("password", t("signIn.changed"));
  };
  return (
    <ChoosePassword
      title={t("signIn.codeTitle")}
      submit={t("signIn.codeSubmit")}
      action={action}
      below={<Back show={show} />}
    >
      <Field id="code" label={t("signIn.code")} value={code} onInput={setCode} complete="one-time-code" />
    </ChoosePassword>
  );
}

const Back = ({ show }: Pick<StageProps, "show">) => (
  <button type="button" class="link" onClick={() => show("password")}>
    {t("signIn.back")}
  </button>
);
