import { AssertionError } from 'node:assert'
import fc from 'fast-check'
import { beforeEach, expect, it } from 'vitest'
import {
  createSimulator,
  type ExpectedRequest,
  expectCredentialsSentTo,
  expectJournal,
  type JournalEntry,
  type Simulator,
} from '../../src/simulator.ts'
import { assertionRequest, getAssertion, getJson, passwordRequest } from './messages.ts'

const entra = 'login.simulator.invalid'
const sts = 'sts.simulator.invalid'
let simulator: Simulator

beforeEach(async () => {
  simulator = await createSimulator()
  await getJson(simulator.send, `https://${entra}/common/userrealm/fred@fed.contoso.example?api-version=1.0`)
  await assertionRequest(simulator, await getAssertion(simulator, 'fred@fed.contoso.example'))
})

function failureOf(run: () => void): AssertionError {
  try {
    run()
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The lines with their signs, each cut short. */
const signs = (error: AssertionError): string[] =>
  error.message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^(.) \{ kind: "(\w+)".*/, '$1 $2'))

it('passes for the requests that came, described by as much as matters', () => {
  expectJournal(simulator, [
    { kind: 'realm', method: 'GET', host: entra, carriedCredential: false },
    { kind: 'wstrust', host: sts, wsTrustVersion: '1.3', status: 200 },
    { grantType: 'urn:ietf:params:oauth:grant-type:saml1_1-bearer', assertionSignatureVerified: true },
  ])
  expectJournal(simulator, [{}, {}, { parameters: ['grant_type', 'client_id', 'scope', 'client_info', 'assertion'] }])
  simulator.clearJournal()
  expectJournal(simulator, [])
})

it.each<[ExpectedRequest[], string[]]>([
  [
    [{ kind: 'realm' }, { kind: 'wstrust' }],
    ['  realm', '  wstrust', '+ token'],
  ],
  [
    [{ kind: 'realm' }, { kind: 'token' }],
    ['  realm', '+ wstrust', '  token'],
  ],
  [
    [{ kind: 'realm' }, { kind: 'mex' }, { kind: 'wstrust' }, { kind: 'token' }],
    ['  realm', '- mex', '  wstrust', '  token'],
  ],
  [
    [{ kind: 'token' }, { kind: 'wstrust' }, { kind: 'realm' }],
    ['- token', '- wstrust', '  realm', '+ wstrust', '+ token'],
  ],
  [
    [{ kind: 'realm' }, { kind: 'wstrust' }, { kind: 'token', status: 400 }],
    ['  realm', '  wstrust', '- token', '+ token'],
  ],
  [[], ['+ realm', '+ wstrust', '+ token']],
])('shows what is missing and what is too much: %j', (expected, lines) => {
  const error = failureOf(() => expectJournal(simulator, expected))
  expect(signs(error)).toEqual(lines)
  expect(error).toMatchObject({ code: 'ERR_ASSERTION', actual: simulator.journal, expected })
  expect(error.stack).not.toContain('expect-journal.ts')
})

it('writes a line per request that a person can read', () => {
  simulator.clearJournal()
  const { message } = failureOf(() =>
    expectJournal(simulator, [{ kind: 'token', carriedCredential: true, username: 'ada' }]),
  )
  expect(message).toBe(
    'the simulator was asked for other requests (- expected, + actual):\n' +
      '- { kind: "token", username: "ada", carriedCredential: true }',
  )
})

it('a member that is expected to be absent is', async () => {
  expectJournal(simulator, [{ grantType: undefined } as unknown as ExpectedRequest, {}, {}])
  expect(() => expectJournal(simulator, [{}, {}, { grantType: undefined } as unknown as ExpectedRequest])).toThrow(
    'grantType: undefined',
  )
})

it('says where credentials went: to which hosts, and how often', async () => {
  expectCredentialsSentTo(simulator, [sts, entra])
  const error = failureOf(() => expectCredentialsSentTo(simulator, [entra]))
  expect(error.message).toMatch(
    /^credentials were sent elsewhere, or in another number \(- expected, \+ actual\):\n\+ \{ kind: "wstrust"/,
  )
  expect(error).toMatchObject({ actual: [sts, entra], expected: [entra] })
  expect(() => expectCredentialsSentTo(simulator, [entra, sts])).toThrow(`- { host: "${entra}" }`)
  expect(() => expectCredentialsSentTo(simulator, [sts, entra, entra])).toThrow(`- { host: "${entra}" }`)
  await passwordRequest(simulator, 'ada@contoso.example')
  expectCredentialsSentTo(simulator, [sts, entra, entra])
  simulator.clearJournal()
  expectCredentialsSentTo(simulator, [])
})

it('holds no secret, and nothing that a terminal obeys', async () => {
  simulator.clearJournal()
  const [ada] = simulator.users
  await passwordRequest(simulator, 'ada@contoso.example')
  await passwordRequest(simulator, 'x\u001b[2J\u202ey@contoso.example')
  const { message } = failureOf(() => expectJournal(simulator, []))
  expect(message).not.toContain(ada?.password)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
  expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  expect(message).not.toContain(' at: ')
})

it('passes exactly when each request matches its expectation, and else accounts for every one of both, in order', () => {
  const [entry] = simulator.journal
  const statuses = fc.array(fc.constantFrom(200, 400, 500), { maxLength: 6 })
  fc.assert(
    fc.property(statuses, statuses, (came, wanted) => {
      const journal = came.map((status) => ({ ...entry, status }) as JournalEntry)
      const check = (): void =>
        expectJournal(
          { journal },
          wanted.map((status) => ({ status })),
        )
      if (came.join() === wanted.join()) return check()
      const lines = failureOf(check).message.split('\n').slice(1)
      const read = (sign: string): number[] =>
        lines.filter((line) => !line.startsWith(sign)).map((line) => Number(/status: (\d+)/.exec(line)?.[1]))
      expect(read('-')).toEqual(came)
      expect(read('+')).toEqual(wanted)
    }),
  )
})
