import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cassette, Exchange } from '../../src/cassette/cassette.ts'
import { describeOutcome, type Outcome } from '../../src/cassette/outcome.ts'
import { repeatCalls } from '../../src/cassette/repeat-call.ts'
import { CassetteMismatchError, replayTransport } from '../../src/cassette/replay.ts'
import type { RopcClient } from '../../src/client/ropc-client.ts'
import type { HttpRequest, Transport } from '../../src/protocol/http.ts'
import { ask, clientOf, countingRuntime, record, scopes, simulatorOfCloud } from './recorded.ts'

/** Delays each request by the next of the times, again and again. */
function late(inner: Transport, times: readonly number[]): Transport {
  let turn = 0
  return async (request, options) => {
    await new Promise((resolve) => setTimeout(resolve, times[turn++ % times.length]))
    return inner(request, options)
  }
}

function signIns(client: RopcClient, users: readonly { username: string; password: string }[]): Promise<Outcome[]> {
  const calls = users.map(({ username, password }) =>
    client.acquireTokenByUsernamePassword(ask(username, password)).then(
      (result) => describeOutcome(result),
      (error: unknown) => describeOutcome(error),
    ),
  )
  return Promise.all(calls)
}

describe('calls at once', () => {
  const times = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 7 })

  it('replay to what was recorded, whichever of them fetched what the others found in the cache', async () => {
    const simulator = await simulatorOfCloud()
    const all = simulator.users.filter(({ kind }) => kind === 'federated').slice(0, 2)
    const users = [...all, ...simulator.users.filter(({ kind }) => kind === 'managed').slice(0, 1)]
    await fc.assert(
      fc.asyncProperty(times, times, async (recordedTimes, replayedTimes) => {
        const inner = late(simulator.send, recordedTimes)
        const { recorder, client } = record(simulator, '', { inner, runtime: countingRuntime() })
        const outcomes = await signIns(client, users)
        const own = { authority: simulator.authority, clientId: simulator.clientId }
        const { calls = [], ...cassette } = await recorder.finish({
          client: own,
          calls: users.map(({ username }, index) => ({
            operation: 'acquireTokenByUsernamePassword',
            request: { username, scopes },
            outcome: outcomes[index] ?? {},
            together: true,
          })),
        })
        const replay = replayTransport(cassette)
        const again = clientOf(replay, { transport: late(replay, replayedTimes) })
        expect(await repeatCalls(again, calls)).toEqual(calls.map(({ outcome }) => outcome))
        replay.assertExhausted()
        expect(replay.left).toBe(0)
      }),
      { numRuns: 6, examples: [[[0, 0, 50], [0]]] },
    )
  })
})

describe('a document that another call fetched', () => {
  const url = 'https://sts.example/mex'
  const headers = { 'content-type': 'application/soap+xml' }
  const soap = (id: string, created: string, to: string): string =>
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="urn:w">' +
    `<w:MessageID>urn:uuid:${id}</w:MessageID><w:Created>${created}</w:Created><w:Address>${to}</w:Address></s:Envelope>`
  const get = (call: number, id: string): Exchange => ({
    ...{ call, ids: [id], clock: [call] },
    request: { method: 'GET', url, headers: { accept: 'text/xml', 'client-request-id': id } },
    response: { status: 200, headers: {}, body: `of ${call}` },
  })
  const answer = (status: number, body: string): Pick<Exchange, 'response'> => ({
    response: { status, headers: {}, body },
  })
  const post = (call: number, id: string, body: string): Exchange => ({
    ...get(call, id),
    request: { method: 'POST', url, headers, body },
  })
  const [one, two] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
  const cassette = (...exchanges: Exchange[]): Cassette => ({ version: 1, exchanges })
  const play = (exchanges: Exchange[]) => {
    const replay = replayTransport(cassette(...exchanges))
    const ids = [1, 2].map((call) => replay.runtime.forCall?.(call).newId() ?? '')
    const fetch = (call: number, id = ids[call - 1] ?? '') =>
      replay({ ...get(call, id).request, step: 'mex' } as HttpRequest, { call })
    const tell = (call: number, body: string) =>
      replay({ ...post(call, '', body).request, step: 'wstrust' } as HttpRequest, { call })
    return { replay, ids, fetch, tell }
  }

  it('is had by each call as often as it was recorded', async () => {
    const { replay, fetch } = play([get(1, one), post(2, two, soap(two, '', 'b'))])
    expect((await fetch(2)).body).toBe('of 1')
    expect((await fetch(1)).body).toBe('of 1')
    await expect(fetch(1)).rejects.toThrow(CassetteMismatchError)
    await expect(fetch(2)).rejects.toThrow(CassetteMismatchError)
    expect(replay.left).toBe(1)
  })

  it('need not be asked for again, but once', async () => {
    const { replay, fetch } = play([get(1, one), { ...get(2, two), ...answer(200, 'of 1') }])
    expect(replay.left).toBe(2)
    await fetch(2)
    expect(replay.left).toBe(0)
    replay.assertExhausted()
  })

  it('is to be asked for if it had changed meanwhile, or nobody got it', async () => {
    for (const exchanges of [
      [get(1, one), get(2, two)],
      [
        { ...get(1, one), ...answer(503, '') },
        { ...get(2, two), ...answer(503, '') },
      ],
    ]) {
      const { replay, fetch } = play(exchanges)
      await fetch(2)
      expect(replay.left).toBe(1)
    }
  })

  it('is the one that was had in the end, and then nobody has to fail first', async () => {
    const { replay, fetch, tell } = play([
      { ...get(1, one), ...answer(503, '') },
      get(1, one),
      post(1, one, soap(one, '', 'urn:x')),
      post(2, two, soap(two, '', 'urn:x')),
    ])
    expect((await fetch(2)).body).toBe('of 1')
    await tell(2, soap(two, '', 'urn:x'))
    await tell(1, soap(one, '', 'urn:x'))
    expect(replay.left).toBe(0)
  })

  it('that a call fetched twice is to be asked for once more, though another call got it', async () => {
    const { replay, fetch } = play([get(1, one), get(1, one), post(2, two, '')])
    await fetch(2)
    expect(replay.left).toBe(2)
  })

  it('does not let a call take one drawn id for another', async () => {
    const both = (id: string, related: string): string =>
      soap(id, '', 'urn:x').replace('</w:MessageID>', `</w:MessageID><w:RelatesTo>${related}</w:RelatesTo>`)
    const { replay, fetch, tell } = play([get(1, one), post(1, one, both(one, one)), post(2, two, '')])
    await fetch(2)
    const [a, b] = [replay.runtime.newId(), replay.runtime.newId()]
    await expect(tell(1, both(a, b))).rejects.toThrow(CassetteMismatchError)
    await expect(tell(1, both(a, a))).resolves.toMatchObject({ body: 'of 1' })
  })

  it('is nobody else’s with a credential', async () => {
    const secret = get(1, one)
    const headers = { ...secret.request.headers, authorization: 'Bearer [authorization]' }
    const { replay } = play([{ ...secret, request: { ...secret.request, headers } }, post(2, two, '')])
    const asked = replay({ ...secret.request, headers, step: 'mex' } as HttpRequest, { call: 2 })
    await expect(asked).rejects.toThrow(CassetteMismatchError)
  })

  it('is not one with another header, or for no call', async () => {
    const { replay } = play([get(1, one), get(2, two)])
    const { request } = get(1, 'x')
    await expect(replay({ ...request, step: 'mex' } as HttpRequest)).rejects.toThrow(CassetteMismatchError)
    const other = { ...request, headers: { ...request.headers, accept: 'a' }, step: 'mex' } as HttpRequest
    await expect(replay(other, { call: 1 })).rejects.toThrow(CassetteMismatchError)
  })

  it.each([
    ['the id of another call', soap(two, '2026-01-01T00:00:01Z', 'urn:x')],
    ['another text', soap(one, '2026-01-01T00:00:01Z', 'urn:y')],
  ])('lets a call draw later or earlier, but not say %s', async (_, body) => {
    const { replay, fetch, tell } = play([
      get(1, one),
      post(1, one, soap(one, '2026-01-01T00:00:00Z', 'urn:x')),
      post(2, two, soap(two, '', 'urn:x')),
    ])
    const later = soap(replay.runtime.newId(), '2026-01-01T00:00:01.000Z', 'urn:x')
    const other = later.replace('</w:MessageID>', `</w:MessageID><w:RelatesTo>${one}</w:RelatesTo>`)
    await expect(tell(1, other)).rejects.toThrow(CassetteMismatchError)
    await expect(tell(1, later)).rejects.toThrow(CassetteMismatchError)
    await fetch(2)
    await expect(tell(1, body)).rejects.toThrow(CassetteMismatchError)
    await expect(tell(1, later)).resolves.toMatchObject({ body: 'of 1' })
  })

  it('lets the call that fetched it draw later too', async () => {
    const { replay, fetch, tell } = play([get(1, one), post(2, two, soap(two, '', 'urn:x'))])
    const later = soap(replay.runtime.newId(), '', 'urn:x')
    await expect(tell(2, later)).rejects.toThrow(CassetteMismatchError)
    await fetch(2)
    await expect(tell(2, later)).resolves.toMatchObject({ body: 'of 2' })
  })

  it('that one call fetched twice is to be asked for twice', async () => {
    const { replay, fetch } = play([get(1, one), get(1, one), post(2, two, '')])
    await fetch(1)
    expect(replay.left).toBe(2)
    expect(() => replay.assertExhausted()).toThrow(CassetteMismatchError)
  })

  it('never stands for a request with a body', async () => {
    const { tell } = play([post(1, one, soap(one, '', 'urn:a')), post(2, two, soap(two, '', 'urn:b'))])
    await tell(1, soap(one, '', 'urn:a'))
    await expect(tell(2, soap(one, '', 'urn:a'))).rejects.toThrow(CassetteMismatchError)
  })
})
