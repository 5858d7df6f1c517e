import { TransportError } from '../errors.ts'
import type { Secret } from '../protocol/secret.ts'
import { abortFailure } from '../transport/failure.ts'
import type { Call } from './call.ts'
import { checkPassword } from './options.ts'
import { isCredentialRefused } from './refusals.ts'

export interface Credential {
  /** URL that it goes to: who judges it. */
  readonly sendTo: string
  readonly username: string
  readonly password: Secret
}

/** Asks for the password, off the call's clock, checks it, and gives up waiting when the call is aborted. */
export async function askPassword(call: Call, ask: () => string | Secret | Promise<string | Secret>): Promise<Secret> {
  call.deadline.pause()
  const secret = checkPassword(await orAborted(call, 'while the password was asked for', async () => ask()))
  call.deadline.resume()
  const text = secret.reveal()
  if (text !== text.trim()) {
    call.warn('PASSWORD_BLANKS', 'the password begins or ends with a blank; Entra does not accept such passwords')
  }
  return secret
}

/**
 * Sends a password, unless the same one was refused there a moment ago. Until the server has accepted it, calls with the same
 * one go one after the other: ten at once with a wrong password would else be ten attempts.
 */
export async function sendOnce<T>(call: Call, credential: Credential, send: () => Promise<T>): Promise<T> {
  const { refusals } = call
  if (refusals === undefined) return send()
  const { sendTo, username, password } = credential
  const fingerprint = await refusals.fingerprint([sendTo, call.clientId, username.toLowerCase(), password.reveal()])
  for (;;) {
    const judged = refusals.judgement(fingerprint, call.now())
    if (judged === undefined) break
    await orAborted(call, 'while another call waited for a word on the same password', () => judged)
  }
  refusals.check(fingerprint, call.now())
  const sent = send()
  refusals.awaitJudgement(fingerprint, sent)
  try {
    const result = await sent
    refusals.accept(fingerprint, call.now())
    return result
  } catch (error) {
    if (isCredentialRefused(error)) {
      refusals.note(fingerprint, error, call.now())
      call.advise(
        'ROPC_LOCKOUT',
        'a password was refused; it is not sent again for a while, as more attempts lock the account',
      )
    }
    throw error
  }
}

async function orAborted<T>({ signal }: Call, when: string, run: () => Promise<T>): Promise<T> {
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        isTimeout(signal.reason)
          ? abortFailure('token', signal.reason)
          : new TransportError('ERR_TRANSPORT_ABORTED', `the call was aborted ${when}`, {
              step: 'token',
              hint: 'The caller ended the call. No credential was sent.',
              cause: signal.reason,
            }),
      )
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    // A call that is over already asks nobody.
    return await Promise.race(signal.aborted ? [aborted] : [aborted, run()])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function isTimeout(reason: unknown): boolean {
  return (reason as { name?: unknown } | undefined)?.name === 'TimeoutError'
}
