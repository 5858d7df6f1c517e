import type { UserCodeCallback } from '../client/acquire-by-device-code.ts'
import type { RopcClient } from '../client/ropc-client.ts'
import { InvalidArgumentError } from '../errors.ts'
import { Secret } from '../protocol/secret.ts'
import type { CassetteCall } from './cassette.ts'
import { describeOutcome, type Outcome } from './outcome.ts'

/** What the arguments of a recorded call do not hold. */
export interface CallSecrets {
  /** Default: a text that is nobody's; a replay takes any. */
  readonly password?: string | Secret
  /** Told what the user of a device code has to be told. */
  readonly onUserCode?: UserCodeCallback
}

type Call = Pick<CassetteCall, 'operation' | 'request'>

/**
 * Makes a recorded call with a client.
 *
 * @returns what {@link describeOutcome} says of what it came to, an error too.
 * @throws {@link InvalidArgumentError} for an operation that cassettes do not have.
 */
export async function repeatCall(client: RopcClient, call: Call, secrets: CallSecrets = {}): Promise<Outcome> {
  const operation = operations[call.operation]
  if (operation === undefined || !Object.hasOwn(operations, call.operation)) {
    throw new InvalidArgumentError(`cassettes have no calls of ${call.operation.slice(0, 50)}`, {
      step: 'authority',
      hint: `They have calls of ${Object.keys(operations).join(', ')}.`,
    })
  }
  try {
    return describeOutcome(await operation(client, call.request, secrets))
  } catch (error) {
    return describeOutcome(error)
  }
}

/**
 * Makes the calls of a cassette in order, those that were made together at once.
 *
 * @returns what each came to: the same as the `outcome` of each, unless client or cassette changed.
 */
export async function repeatCalls(
  client: RopcClient,
  calls: readonly Omit<CassetteCall, 'outcome'>[],
  secrets: CallSecrets = {},
): Promise<readonly Outcome[]> {
  const outcomes: Promise<Outcome>[] = []
  for (const call of calls) {
    if (call.together !== true) await Promise.all(outcomes)
    outcomes.push(repeatCall(client, call, secrets))
  }
  return Promise.all(outcomes)
}

type Request = CassetteCall['request']

// The client checks every argument: a cassette may hold anything.
const operations: Readonly<Record<string, (client: RopcClient, request: Request, secrets: CallSecrets) => unknown>> = {
  acquireTokenByUsernamePassword: (client, request, { password = anything }) =>
    client.acquireTokenByUsernamePassword({ ...request, password } as never),
  acquireToken: (client, request, { password = anything }) =>
    client.acquireToken({ ...request, password: () => password } as never),
  acquireTokenSilent: (client, request) => client.acquireTokenSilent(request as never),
  acquireTokenByDeviceCode: (client, request, { onUserCode = () => {} }) =>
    client.acquireTokenByDeviceCode({ ...request, onUserCode } as never),
  acquireSamlAssertion: (client, request, { password = anything }) =>
    client.acquireSamlAssertion({ ...request, password } as never),
  discover: (client, request) => client.discover(request as never),
}

const anything: Secret = new Secret('of nobody')
