/** Who has to act, and so what kind of failure it is. */
export type FailureClass =
  /** The server wants a step that this grant does not have: MFA, a browser, a device. */
  | 'interaction_required'
  /** User name, password, assertion or refresh token is not accepted. */
  | 'credential'
  /** The account exists and may not sign in now: locked, disabled, expired, a guest that has not accepted. */
  | 'account_state'
  | 'consent'
  /** The registration of the application, its secret or its permissions. */
  | 'client_registration'
  /** Conditional Access, tenant restrictions, security defaults: an administrator decides. */
  | 'tenant_policy'
  | 'throttled'
  /** Try again later. */
  | 'transient'
  /** The federation server, its trust with Entra, its agents. */
  | 'federation'
  /** The request itself: authority, tenant, cloud, scopes, parameters. */
  | 'request'

/** `published`: in Microsoft's own list or a standard; `observed`: seen in the field; `reported`: by others, unconfirmed. */
export type AdviceSource = 'published' | 'observed' | 'reported'

/** What a code of a server means and asks of whom. Advice for people: nothing branches on it. */
export interface Advice {
  /** The name the server's own documentation has for it. */
  readonly name?: string
  /** What happened: one clause that can stand after a colon, so without a capital (but for names) and a full stop. */
  readonly meaning: string
  /** What to change, for somebody who uses this grant; whole sentences. */
  readonly remedy: string
  readonly class: FailureClass
  readonly source: AdviceSource
}

/** One entry of a catalogue. @param name empty where the server's documentation has none. */
export function advice(
  failureClass: FailureClass,
  name: string,
  meaning: string,
  remedy: string,
  source: AdviceSource = 'published',
): Advice {
  // Not one literal with a spread: there are 350 entries, made at every import.
  if (name === '') return { meaning, remedy, class: failureClass, source }
  return { name, meaning, remedy, class: failureClass, source }
}

/** The entry of a code that came from a server, which may be any text, `constructor` too. */
export function findAdvice(catalogue: Readonly<Record<string, Advice>>, code: string | undefined): Advice | undefined {
  return code !== undefined && Object.hasOwn(catalogue, code) ? catalogue[code] : undefined
}

/** Meaning and remedy as sentences, for `AuthError.hint`. */
export function hintOf(advice: Advice): string
export function hintOf(advice: Advice | undefined): string | undefined
export function hintOf(advice: Advice | undefined): string | undefined {
  if (advice === undefined) return undefined
  return `${advice.meaning.charAt(0).toUpperCase()}${advice.meaning.slice(1)}. ${advice.remedy}`
}

export const triedOnce = 'It was tried once and will not be tried again by itself: repeated attempts lock the account.'
