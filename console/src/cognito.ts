/** The part of Amplify that is used; a bundle of its own. */
export { Amplify, ConsoleLogger } from "@aws-amplify/core";
export {
  confirmResetPassword,
  confirmSignIn,
  fetchAuthSession,
  resetPassword,
  signIn,
  signOut,
} from "@aws-amplify/auth";
export { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
