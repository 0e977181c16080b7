/**
 * Signing in with Amazon Cognito. The password never leaves the browser: Amplify proves that it is known (SRP). Amplify is
 * loaded on its own, beside the first page rather than before it.
 */
import type { Config } from "./lib/schema.ts";
import { load, save } from "./lib/storage.ts";

export interface Session {
  operatorId: string;
  email: string;
  name?: string;
}

export type Step = "done" | "new-password" | "reset" | "unsupported";

/** The fewest characters the user pool takes (infra/template.yaml). */
export const PASSWORD_LENGTH = 12;

const KEEP = "dragoman.keep";
/** What Amplify's keys begin with. */
const TOKENS = "CognitoIdentityServiceProvider.";

let loaded: Promise<typeof import("./cognito.ts")> | undefined;

const amplify = () => (loaded ??= import("./cognito.ts"));

/** Fetches Amplify before it is needed. */
export const prepare = (): void => void amplify().catch(() => undefined);

/** Whether the tokens outlive the browser's window. */
export const keepsSignedIn = (): boolean => load(KEEP, false);

let configured: Promise<void> | undefined;

/** Amplify, once it knows the user pool. */
async function ready() {
  await configured;
  return amplify();
}

/** Tells Amplify where the user pool is; what needs to know waits for that by itself. */
export function setUp(config: Config): void {
  configured = configure(config);
  configured.catch(() => undefined);
}

async function configure(config: Config): Promise<void> {
  const { Amplify, ConsoleLogger, cognitoUserPoolsTokenProvider: tokenProvider } = await amplify();
  const { userPoolId, clientId, endpoint } = config.userPool;
  const Auth = {
    Cognito: { userPoolId, userPoolClientId: clientId, ...(endpoint ? { userPoolEndpoint: endpoint } : {}) },
  };
  // Amplify warns of every endpoint that is given to it; this one comes from the stack's own outputs.
  ConsoleLogger.LOG_LEVEL = "ERROR";
  tokenProvider.setAuthConfig(Auth);
  Amplify.configure({ Auth }, { Auth: { tokenProvider } });
  await useStorage(keepsSignedIn());
}

async function useStorage(keep: boolean): Promise<void> {
  const { cognitoUserPoolsTokenProvider: provider } = await amplify();
  const area = keep ? localStorage : sessionStorage;
  provider.setKeyValueStorage({
    setItem: async (key, value) => area.setItem(key, value),
    getItem: async (key) => area.getItem(key),
    removeItem: async (key) => area.removeItem(key),
    clear: async () => {
      for (const key of Object.keys(area).filter((name) => name.startsWith(TOKENS))) area.removeItem(key);
    },
  });
}

/** Whether tokens are kept at all: without any, nobody has to wait for Amplify to be told so. */
export const mayBeSignedIn = (): boolean =>
  [localStorage, sessionStorage].some((area) => Object.keys(area).some((key) => key.startsWith(TOKENS)));

/** Who is signed in, if anybody is. */
export async function currentSession(): Promise<Session | undefined> {
  const { fetchAuthSession } = await ready();
  const payload = (await fetchAuthSession()).tokens?.idToken?.payload;
  if (!payload?.sub) return undefined;
  const email = typeof payload["email"] === "string" ? payload["email"] : "";
  const name = typeof payload["name"] === "string" ? { name: payload["name"] } : {};
  return { operatorId: payload.sub, email, ...name };
}

/** A fresh ID token; renewed when it is about to expire, or when `force` says so. Nothing when nobody is signed in any more. */
export async function idToken(force = false): Promise<string | undefined> {
  const { fetchAuthSession } = await ready();
  return (await fetchAuthSession({ forceRefresh: force })).tokens?.idToken?.toString();
}

/** Throws what Cognito says, by name: see `authError`. */
export async function signIn(username: string, password: string, keep: boolean): Promise<Step> {
  save(KEEP, keep);
  await useStorage(keep);
  const auth = await ready();
  try {
    return step(
      (await auth.signIn({ username, password, options: { authFlowType: "USER_SRP_AUTH" } })).nextStep.signInStep,
    );
  } catch (error) {
    if (nameOf(error) !== "UserAlreadyAuthenticatedException") throw error;
    await auth.signOut();
    return step((await auth.signIn({ username, password })).nextStep.signInStep);
  }
}

export async function setNewPassword(password: string): Promise<Step> {
  const { confirmSignIn } = await ready();
  return step((await confirmSignIn({ challengeResponse: password })).nextStep.signInStep);
}

export async function forgotPassword(username: string): Promise<void> {
  const { resetPassword } = await ready();
  await resetPassword({ username });
}

export async function confirmForgotten(username: string, confirmationCode: string, newPassword: string): Promise<void> {
  const { confirmResetPassword } = await ready();
  await confirmResetPassword({ username, confirmationCode, newPassword });
}

export async function signOut(): Promise<void> {
  const auth = await ready();
  await auth.signOut();
}

function step(name: string): Step {
  if (name === "DONE") return "done";
  if (name === "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED") return "new-password";
  return name === "RESET_PASSWORD" ? "reset" : "unsupported";
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

const KNOWN: Record<string, string> = {
  NotAuthorizedException: "wrong",
  UserNotFoundException: "wrong",
  InvalidPasswordException: "weak",
  CodeMismatchException: "code",
  ExpiredCodeException: "expired",
  LimitExceededException: "limit",
  TooManyRequestsException: "limit",
  TooManyFailedAttemptsException: "limit",
  PasswordResetRequiredException: "reset",
  NetworkError: "network",
  InvalidParameterException: "invalid",
  EmptySignInUsername: "wrong",
  EmptySignInPassword: "wrong",
};

/** What went wrong, as the last part of a key in the catalogues (`signIn.errors.…`). */
export const authError = (error: unknown): string => KNOWN[nameOf(error)] ?? "other";
