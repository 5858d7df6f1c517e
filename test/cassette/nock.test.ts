import { gzipSync } from 'node:zlib'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromNock, toNock } from '../../src/cassette/nock.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { createRopcClient } from '../../src/index.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'
import { ada, ask, fred, record, simulatorOfCloud } from './recorded.ts'

const own = "o'neill@corp.example"

beforeAll(() => {
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
})
afterEach(() => nock.cleanAll())
afterAll(() => {
  nock.restore()
  nock.enableNetConnect()
})

/** A client on the default transport, with a clock and ids of its own. */
function liveClient({
  authority,
  clientId,
}: {
  authority: string
  clientId: string
}): ReturnType<typeof createRopcClient> {
  return createRopcClient({ authority, clientId })
}

describe('toNock', () => {
  it.each([ada, fred])(
    'lets the default transport replay the sign-in of any user at any time: $username',
    async (user) => {
      const simulator = await simulatorOfCloud({ now: () => 1_600_000_000 })
      const recording = record(simulator, user.username, {
        runtime: { now: () => 1_600_000_000, newId: () => crypto.randomUUID() },
      })
      await recording.client.acquireTokenByUsernamePassword(ask(user.username, user.password))
      const { cassette } = await recording.finish()

      nock.define((await toNock(cassette, { username: own })) as unknown as nock.Definition[])
      const client = liveClient(cassette.client ?? { authority: '', clientId: '' })
      const result = await client.acquireTokenByUsernamePassword(ask(own, 'of my own'))
      await client.close()
      expect(result).toMatchObject({ account: { username: own }, source: 'password' })
      expect(Math.abs(result.expiresOn.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000)
      expect(nock.pendingMocks()).toEqual([])
    },
  )

  it('lets it replay a refusal of the catalogue', async () => {
    const { cassette, clientOptions, username } = useCassette('mfa-required')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    await expect(client.acquireTokenByUsernamePassword(ask(username))).rejects.toMatchObject({
      name: 'InteractionRequiredError',
      errorCodes: [50076],
    })
    await client.close()
  })

  it('has no definition for a connection that failed, and nock refuses the request', async () => {
    const { cassette, clientOptions, username } = useCassette('connection-broken')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    await expect(client.acquireTokenByUsernamePassword(ask(username))).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_UNREACHABLE',
    })
    await client.close()
  })

  it('answers nothing else', async () => {
    const { cassette, clientOptions, username } = useCassette('managed')
    nock.define((await toNock(cassette)) as unknown as nock.Definition[])
    const client = liveClient(clientOptions as { authority: string; clientId: string })
    const asked = { ...ask(username), scopes: ['https://elsewhere.example/.default'] }
    await expect(client.acquireTokenByUsernamePassword(asked)).rejects.toMatchObject({
      code: 'ERR_TRANSPORT_UNREACHABLE',
    })
    await client.close()
  })
})

describe('fromNock', () => {
  it('makes a cassette of what nock recorded, without its secrets, that replays again', async () => {
    const simulator = await simulatorOfCloud()
    await using server = await simulator.listen()
    nock.enableNetConnect()
    nock.recorder.rec({ dont_print: true, output_objects: true })
    const options = { authority: server.authority, clientId: simulator.clientId, ca: server.ca }
    const client = createRopcClient(options)
    const recorded = await client.acquireTokenByUsernamePassword(ask(fred.username, fred.password))
    await client.close()
    const definitions = nock.recorder.play()
    nock.recorder.clear()
    nock.restore()
    nock.activate()
    nock.disableNetConnect()
    expect(JSON.stringify(definitions)).toContain('S3cret')

    const origins = {
      [new URL(server.authority).origin]: 'https://login.microsoftonline.com',
      [server.adfsOrigin]: 'https://sts.contoso.example',
    }
    const about = { client: { authority: server.authority, clientId: simulator.clientId, username: fred.username } }
    const cassette = await fromNock(definitions, about, { origins })
    const text = JSON.stringify(cassette)
    for (const real of ['S3cret', 'fred', recorded.accessToken.split('.')[2]]) expect(text).not.toContain(real)
    expect(cassette.exchanges.map(({ request }) => request.method)).toEqual(['GET', 'GET', 'GET', 'POST', 'POST'])

    // The metadata is no longer asked for at a cloud that is known: what is left over is said.
    nock.define((await toNock(cassette, { username: own })) as unknown as nock.Definition[])
    const again = liveClient(cassette.client ?? { authority: '', clientId: '' })
    const result = await again.acquireTokenByUsernamePassword(ask(own))
    await again.close()
    expect(result).toMatchObject({ account: { username: own }, path: { type: 'federated' } })
    expect(nock.pendingMocks()).toHaveLength(1)
  })

  it('reads bodies that are compressed, and headers as a list', async () => {
    const realm = {
      ver: '1.0',
      account_type: 'Managed',
      domain_name: 'contoso.example',
      cloud_instance_name: 'microsoftonline.com',
    }
    const hex = gzipSync(JSON.stringify(realm)).toString('hex')
    const cassette = await fromNock([
      {
        ...{ scope: 'https://login.microsoftonline.com:443', method: 'GET', status: 200 },
        path: '/common/userrealm/ada%40contoso.example?api-version=1.0',
        ...{
          response: [hex.slice(0, 20), hex.slice(20)],
          rawHeaders: ['Content-Encoding', 'gzip', 'Content-Type', 'application/json'],
        },
      },
    ])
    expect(cassette.exchanges[0]?.request.url).toBe(
      'https://login.microsoftonline.com/common/userrealm/user1%40tenant1.example?api-version=1.0',
    )
    expect(JSON.parse(cassette.exchanges[0]?.response?.body ?? '')).toMatchObject({ account_type: 'Managed' })
    expect(() => replayTransport(cassette)).not.toThrow()
  })

  it.each([
    ['text', 'x'],
    ['a list of texts', ['x']],
    ['no scope', [{ path: '/' }]],
    ['a path that matches', [{ scope: 'https://a.example', path: () => true }]],
    ['another method', [{ scope: 'https://a.example', path: '/', method: 'DELETE' }]],
    ['a status as text', [{ scope: 'https://a.example', path: '/', status: 'ok' }]],
    [
      'a body that is not what it says',
      [{ scope: 'https://a.example', path: '/', response: ['00ff'], rawHeaders: { 'content-encoding': 'gzip' } }],
    ],
  ])('refuses %s', async (_, definitions) => {
    await expect(fromNock(definitions)).rejects.toMatchObject({ code: 'ERR_CASSETTE_INVALID' })
  })
})
