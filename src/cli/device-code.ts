import type { DeviceCodeRequest, RopcClient } from '../client/ropc-client.ts'
import type { TokenResult } from '../client/token-result.ts'
import { CacheError, display, InteractionRequiredError } from '../errors.ts'
import { type Options, UsageError } from './args.ts'
import type { CliIo } from './io.ts'
import { note } from './output.ts'
import type { PasswordOption } from './password-source.ts'

/** The option of a sign-in in a browser. */
export type DeviceCodeOption = 'device-code'

export const deviceCodeSpecs = { 'device-code': { type: 'boolean' } } as const

/** Whether the user is to sign in in a browser. @throws {@link UsageError} for options about a password beside it. */
export function readDeviceCode(options: Options<DeviceCodeOption | PasswordOption | 'dry-run'>): boolean {
  if (!options.flag('device-code')) return false
  const excluded = (['password-stdin', 'password-file', 'password-env', 'dry-run'] as const).find(options.flag)
  if (excluded === undefined) return true
  throw new UsageError(
    `--device-code excludes --${excluded}`,
    'The user signs in in a browser: no password is used here.',
  )
}

/**
 * Signs a user in in a browser, and says on stderr where, unless a token is kept already for the user who is named.
 *
 * @param request `claims` of a refused refresh token take the place of those that are not given.
 */
export async function signInByDeviceCode(
  client: RopcClient,
  request: Omit<DeviceCodeRequest, 'onUserCode'>,
  io: CliIo,
): Promise<TokenResult> {
  const { username, ...rest } = request
  const onUserCode: DeviceCodeRequest['onUserCode'] = ({ verificationUri, userCode }) =>
    note(io, `To sign in, open ${display(verificationUri)} and enter ${display(userCode)}`)
  if (username === undefined) return client.acquireTokenByDeviceCode({ ...rest, onUserCode })
  try {
    return await client.acquireTokenSilent({ ...rest, account: { username } })
  } catch (error) {
    if (!(error instanceof InteractionRequiredError) && !(error instanceof CacheError)) throw error
    const { claims = 'claims' in error ? error.claims : undefined } = request
    const asked = claims === undefined ? {} : { claims }
    return client.acquireTokenByDeviceCode({ ...request, ...asked, onUserCode })
  }
}

/** Leaves out lines that say the same as the one before, whatever time it took: a user is waited for with many of them. */
export function withoutRepeats(step: (line: string) => void): (line: string) => void {
  let last = ''
  return (line) => {
    const said = line.replace(/\d+ ms$/, '')
    if (said !== last) step(line)
    last = said
  }
}

/** Says, after a sign-in with a password, that one in a browser could do what the server wants. */
export function suggestDeviceCode(io: CliIo, error: unknown): void {
  if (!(error instanceof InteractionRequiredError) || !error.waysOut.includes('device_code')) return
  note(io, 'to sign in in a browser instead: run the same command with --device-code, without any --password-… option')
}
