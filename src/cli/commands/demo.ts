import type { RopcClient } from '../../client/ropc-client.ts'
import type { TokenResult } from '../../client/token-result.ts'
import { display, isAuthError } from '../../errors.ts'
import type { IdTokenClaims } from '../../protocol/id-token.ts'
import type { DemoUser, RunningSimulator, SimulatorOptions } from '../../simulator.ts'
import { parseOptions } from '../args.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { printLine } from '../output.ts'
import { createStepLog } from '../steps.ts'

const demoHelp = `Usage: ropc demo

Starts the simulator on 127.0.0.1 and signs users in against it through real sockets: a managed and a federated user,
both again without a request, a wrong password, and a user who must use multifactor authentication. Shows every step.
Exits with 0 only if all of it went as it should.
  ropc demo

  -h, --help`

const head = `What this shows: users of a simulated Entra ID and AD FS, both on 127.0.0.1 with a TLS certificate made for this run,
sign in by user name and password (OAuth 2.0 password grant; for the federated user WS-Trust and a SAML assertion).
RFC 9700 §2.4 forbids this grant for new designs: prefer device code, authorization code with PKCE, managed identity.`

const scopes = ['User.Read']

/** A sign-in and how it must end: with a token from there, or with this refusal. */
interface Act {
  readonly title: string
  readonly user: DemoUser
  readonly ends: 'password' | 'cache' | `AADSTS${number}`
  readonly password?: string
}

/** `ropc demo`, which `npm start` runs. @param options Of the simulator, for tests with one that goes wrong. */
export async function runDemo(argv: readonly string[], io: CliIo, options: SimulatorOptions = {}): Promise<ExitCode> {
  if (parseOptions(argv, { help: { type: 'boolean', short: 'h' } }).flag('help')) {
    await printLine(io, demoHelp)
    return exitCode.ok
  }
  const { createSimulator } = await import('../../simulator.ts')
  const running = await (await createSimulator(options)).listen()
  try {
    return await perform(running, io)
  } finally {
    await running.close()
  }
}

async function perform(running: RunningSimulator, io: CliIo): Promise<ExitCode> {
  const { authority, adfsOrigin, ca, simulator } = running
  const { createRopcClient } = await import('../../client/client.ts')
  const say = (line: string): void => void io.stdout.write(`${line}\n`, () => {})
  say(head)
  say(`\nauthority ${authority}\nAD FS     ${adfsOrigin}`)
  const client = createRopcClient({
    clientId: simulator.clientId,
    authority,
    ca,
    onEvent: createStepLog({
      step: (line) => say(`   ${line}`),
      warning: (code, message) => say(`   warning: ${display(message)} [${code}]`),
    }),
  })
  const acts = plan(simulator.users)
  let failures = 0
  try {
    for (const [index, act] of acts.entries()) {
      say(`\n${index + 1}. ${act.title}: ${display(act.user.username)}`)
      const complaint = await performAct(act, client, running, io, say)
      if (complaint === undefined) continue
      failures++
      say(`   NOT AS IT SHOULD BE: ${complaint}`)
    }
  } finally {
    await client.close()
  }
  await printLine(io, `\n${acts.length - failures} of ${acts.length} went as they should.`)
  return failures === 0 ? exitCode.ok : exitCode.bug
}

function plan(users: readonly DemoUser[]): readonly Act[] {
  const find = (kind: DemoUser['kind'], expect?: string): DemoUser => {
    const user = users.find((candidate) => candidate.kind === kind && candidate.expect === expect)
    if (user === undefined) throw new TypeError(`the simulator has no ${kind} user for the demo`)
    return user
  }
  const managed = find('managed')
  const federated = find('federated')
  return [
    { title: 'A managed user: Entra checks the password', user: managed, ends: 'password' },
    { title: 'A federated user: AD FS checks the password', user: federated, ends: 'password' },
    { title: 'The managed user again, silently', user: managed, ends: 'cache' },
    { title: 'The federated user again, silently', user: federated, ends: 'cache' },
    { title: 'A wrong password', user: managed, ends: 'AADSTS50126', password: 'certainly not the password' },
    {
      title: 'A user who must use multifactor authentication',
      user: find('managed', 'AADSTS50076'),
      ends: 'AADSTS50076',
    },
  ]
}

/** @returns What was not as it should be. */
async function performAct(
  { user, ends, password = user.password }: Act,
  client: RopcClient,
  { simulator }: RunningSimulator,
  { stop: { signal } }: CliIo,
  say: (line: string) => void,
): Promise<string | undefined> {
  const { username, kind } = user
  const before = simulator.journal.length
  const sent = () => simulator.journal.slice(before)
  try {
    const result =
      ends === 'cache'
        ? await client.acquireTokenSilent({ account: { username }, scopes, signal })
        : await client.acquireTokenByUsernamePassword({ username, password, scopes, signal })
    for (const line of describeResult(result)) say(`   ${line}`)
    if (result.source !== ends) return `the token came from ${result.source}, expected: ${ends}`
    if (ends === 'cache') return sent().length === 0 ? undefined : 'it took a request'
    return result.path.type === kind ? undefined : `the user is ${kind}, the sign-in was ${result.path.type}`
  } catch (error) {
    if (!isAuthError(error) || signal.aborted) throw error
    say(`   refused   ${display(error.message)}`)
    if (error.hint !== undefined) say(`   hint      ${display(error.hint)}`)
    const { errorCodes = [] } = error as { errorCodes?: readonly number[] }
    if (!errorCodes.some((code) => `AADSTS${code}` === ends)) return `${error.code}, expected: ${ends}`
    const attempts = sent().filter(({ carriedCredential }) => carriedCredential).length
    return attempts === 1 ? undefined : `${attempts} requests carried the password, expected: 1`
  }
}

function describeResult({ source, account, idTokenClaims, passwordSentTo, expiresOn }: TokenResult): readonly string[] {
  const lines = [`account   ${display(account === undefined ? 'none' : `${account.name ?? ''} <${account.username}>`)}`]
  if (account !== undefined) lines.push(`          home account id ${display(account.homeAccountId)}`)
  if (passwordSentTo !== undefined) lines.push(`          the password went to ${display(passwordSentTo)} alone`)
  // The claims of a cached token were shown when it was new.
  if (source === 'cache') return [...lines, `          the token is valid until ${expiresOn.toISOString()}`]
  return [...lines, ...describeClaims(idTokenClaims)]
}

function describeClaims(claims: IdTokenClaims | undefined): readonly string[] {
  const entries = Object.entries(claims ?? {})
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value], index) => {
    const label = index === 0 ? 'id_token' : ''
    return `${label.padEnd(9)} ${display(name).padEnd(width)}  ${display(claimText(name, value))}`
  })
}

function claimText(name: string, value: unknown): string {
  if (['exp', 'iat', 'nbf', 'auth_time'].includes(name) && typeof value === 'number') {
    const date = new Date(value * 1_000)
    if (!Number.isNaN(date.getTime())) return date.toISOString()
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}
