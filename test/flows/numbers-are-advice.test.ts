import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/cache.ts'
import {
  type ClientEvent,
  createRopcClient,
  type HttpResponse,
  InteractionRequiredError,
  isAuthError,
} from '../../src/index.ts'
import { aadsts } from '../../src/protocol/aadsts.ts'
import { createSimulator } from '../../src/simulator.ts'
import { clientOf, everyRefusal, type RefusedUser } from './every-refusal.ts'
import { demo } from './simulated.ts'

const simulator = await createSimulator({ entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example' })
const clock = Math.floor(Date.now() / 1000)

type Rewrite = (answer: HttpResponse) => HttpResponse
const asSent: Rewrite = (answer) => answer

/** Puts another number in place of each, in the text and beside it. */
const renumbered =
  (number: number): Rewrite =>
  (answer) => ({
    ...answer,
    body: answer.body
      .replace(/\b(AADSTS|AADB2C|MSIS|ID)\d{4,9}\b/g, `$1${number}`)
      .replace(/"error_codes":\[[\d,]*\]/, `"error_codes":[${number}]`)
      .replace(/error\?code=\d+/, `error?code=${number}`),
  })

/** Takes the numbers away. */
const unnumbered: Rewrite = (answer) => ({
  ...answer,
  body: answer.body
    .replace(/\b(AADSTS|AADB2C|MSIS|ID)\d{4,9}: /g, '')
    .replace(/"error_codes":\[[\d,]*\],/, '')
    .replace(/error\?code=\d+/, 'error'),
})

/** What a program can see of a failed call but the advice: class, code, requests, retries, what is stored. */
async function observe(call: () => Promise<unknown>, events: readonly ClientEvent[]): Promise<object> {
  const error: unknown = await call().catch((thrown: unknown) => thrown)
  if (!isAuthError(error)) throw new Error('the call did not fail')
  const facts = error as unknown as Record<string, unknown>
  const { waysOut, claims, suberror, faultCode, faultSubcode, retryAt } = facts
  return {
    name: error.name,
    code: error.code,
    step: error.step,
    status: error.response?.status,
    reason: error instanceof InteractionRequiredError ? error.reason : undefined,
    members: { error: facts['error'], waysOut, claims, suberror, faultCode, faultSubcode, retryAt },
    // Warnings come once in a process.
    events: events
      .filter(({ type }) => type !== 'warning')
      .map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type)),
  }
}

type Answers = Map<string, HttpResponse>

/**
 * A sign-in with the password, and the same again: what was refused a moment ago may not be sent.
 *
 * @param answers What the servers said to each request the first time; what is missing is asked for.
 */
async function signInTwice(
  { side, username, password }: RefusedUser,
  answers: Answers,
  rewrite: Rewrite,
): Promise<readonly object[]> {
  const events: ClientEvent[] = []
  const store = createMemoryStore()
  const { options, scopes } = clientOf(simulator, side)
  const client = createRopcClient({
    ...options,
    store,
    onEvent: (event) => events.push(event),
    runtime: { now: () => clock },
    transport: async (request, sendOptions) => {
      const { step, url } = request
      const answer = answers.get(`${step} ${url}`) ?? (await simulator.send(request, sendOptions))
      answers.set(`${step} ${url}`, answer)
      return request.method === 'POST' ? rewrite(answer) : answer
    },
  })
  const call = (): Promise<unknown> => client.acquireTokenByUsernamePassword({ username, password, scopes })
  return [await observe(call, events), await observe(call, events), { stored: await contents(store) }]
}

async function contents(store: ReturnType<typeof createMemoryStore>): Promise<readonly string[]> {
  const found: string[] = []
  for await (const partition of store.partitions()) found.push(partition, ...(await store.read(partition)).keys())
  return found
}

const signedIn = createMemoryStore()
const { options: entraOptions, scopes: entraScopes } = clientOf(simulator, 'entra')
await createRopcClient({
  ...entraOptions,
  store: signedIn,
  transport: simulator.send,
  onEvent: () => {},
}).acquireTokenByUsernamePassword({ ...demo.ada, scopes: entraScopes })

/** A refresh that ends in the same answer. The refresh token is removed or kept. */
async function refreshRefused(answer: HttpResponse): Promise<readonly object[]> {
  const events: ClientEvent[] = []
  const store = createMemoryStore()
  for await (const partition of signedIn.partitions()) {
    await store.apply(partition, { put: Object.fromEntries(await signedIn.read(partition)) })
  }
  const client = createRopcClient({
    ...entraOptions,
    store,
    onEvent: (event) => events.push(event),
    runtime: { now: () => clock },
    transport: async () => answer,
  })
  const account = { username: demo.ada.username }
  const call = (): Promise<unknown> =>
    client.acquireTokenSilent({ account, scopes: entraScopes, forceRefresh: true, correlationId: 'same' })
  return [await observe(call, events), { stored: await contents(store) }]
}

/** Each user with what happens to a sign-in, and with the answers that made it happen. */
const usual = await Promise.all(
  everyRefusal.map(async (user) => {
    const answers: Answers = new Map()
    return { user, answers, outcome: await signInTwice(user, answers, asSent) }
  }),
)

/** As many as there are refusals: each number of the catalogue, some that nobody knows, and none. */
const known: readonly (number | undefined)[] = Object.keys(aadsts).map(Number)
const unknown = Array.from({ length: usual.length }, (_, index) =>
  index % 3 === 0 ? undefined : 1_009 + 7_919 * index,
)
const oneForEach = fc.shuffledSubarray([...known, ...unknown].slice(0, usual.length), { minLength: usual.length })
const rewriteTo = (number: number | undefined): Rewrite => (number === undefined ? unnumbered : renumbered(number))

describe('numbers are advice: with another number, or without one, everything but the advice is the same', () => {
  it('for each refusal of a password: class, code, requests, retries and what is stored', async () => {
    expect(new Set(usual.map(({ outcome }) => JSON.stringify(outcome))).size).toBeGreaterThan(20)
    const property = fc.asyncProperty(oneForEach, async (others) => {
      for (const [index, { user, answers, outcome }] of usual.entries()) {
        const other = await signInTwice(user, answers, rewriteTo(others[index]))
        expect(other, `${user.code} as ${others[index]}`).toEqual(outcome)
      }
    })
    await fc.assert(property, { numRuns: 1, endOnFailure: true })
  })

  it('for each refusal of a refresh token: what is thrown, and which tokens are kept', async () => {
    const answers = usual.flatMap(({ user, answers }) =>
      user.code.startsWith('AADSTS')
        ? [...answers].flatMap(([key, answer]) => (key.startsWith('token ') ? answer : []))
        : [],
    )
    const outcomes = await Promise.all(answers.map(refreshRefused))
    // Some answers cost the refresh token, others do not.
    expect(new Set(outcomes.map(([, kept]) => JSON.stringify(kept))).size).toBe(2)
    const property = fc.asyncProperty(oneForEach, async (others) => {
      for (const [index, answer] of answers.entries()) {
        const other = await refreshRefused(rewriteTo(others[index])(answer))
        expect(other, `${answer.body} as ${others[index]}`).toEqual(outcomes[index])
      }
    })
    await fc.assert(property, { numRuns: 1, endOnFailure: true })
  })
})
