import { accountNumbers } from './aadsts-account.ts'
import { applicationNumbers } from './aadsts-application.ts'
import { grantNumbers } from './aadsts-grant.ts'
import { type Advice, findAdvice, hintOf } from './advice.ts'
import { oauthErrors } from './oauth-errors.ts'

/**
 * What the AADSTS numbers met by this grant ask of whom. Advice for people: Entra documents the numbers as diagnostics
 * that may change, so nothing branches on them.
 *
 * @see {@link https://learn.microsoft.com/entra/identity-platform/reference-error-codes Entra error codes}
 */
export const aadsts: Readonly<Record<number, Advice>> = {
  ...accountNumbers,
  ...grantNumbers,
  ...applicationNumbers,
}

/** Numbers that only say that something else failed, the most telling first. */
const wrappers: readonly number[] = [70000, 70002, 50000]

/**
 * The advice of the most specific of the numbers that came together: one of {@link wrappers} only when nothing else is
 * known, and 50013 never beside 500133, which is a case of it. Else the first.
 *
 * @returns `undefined` when none is known.
 */
export function aadstsAdvice(codes: readonly number[]): (Advice & { readonly code: number }) | undefined {
  const known = codes.filter((code) => Object.hasOwn(aadsts, code))
  const code =
    known.find((code) => !wrappers.includes(code) && !known.some((other) => isCaseOf(other, code))) ??
    wrappers.find((wrapper) => known.includes(wrapper))
  const found = code === undefined ? undefined : aadsts[code]
  return code === undefined || found === undefined ? undefined : { ...found, code }
}

/** Entra numbers the cases of a failure by adding digits to its number. */
function isCaseOf(code: number, general: number): boolean {
  return code !== general && `${code}`.startsWith(`${general}`)
}

/** The advice of the most specific number, as sentences. @returns `undefined` when none is known. */
export function aadstsHint(codes: readonly number[]): string | undefined {
  return hintOf(aadstsAdvice(codes))
}

/** Advice by the OAuth `error` alone (RFC 6749 §5.2). */
export function oauthErrorHint(error: string): string {
  return (
    hintOf(findAdvice(oauthErrors, error)) ?? 'See the description; the server’s log has more under the correlation id.'
  )
}
