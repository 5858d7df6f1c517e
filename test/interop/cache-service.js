import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { createSimulator, demoWorld } from '../../dist/simulator.js'

/**
 * Our simulator under the name of the worldwide cloud, with users enough for everybody: the libraries treat the cloud's
 * aliases as they do in earnest. Nothing leaves the process but for a relay on loopback, for clients in other processes.
 */
export async function startCacheService() {
  const [ada] = demoWorld().users
  const users = Array.from({ length: 40 }, (_, index) => ({
    ...ada,
    username: `user${index}@contoso.example`,
    objectId: `4d3c2b1a-0000-4000-8000-${String(index).padStart(12, '0')}`,
  }))
  const simulator = await createSimulator({ entraHost: 'login.microsoftonline.com', world: { users } })
  /** The token requests: grant, and the refresh token that was redeemed. In memory only. */
  const grants = []

  async function send({ method, url, headers, body }, options) {
    const lower = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
    const request = { step: 'token', method, url, headers: Object.fromEntries(lower), body: body ?? '' }
    if (/\/oauth2\/v2\.0\/token$/.test(new URL(url).pathname)) {
      const form = new URLSearchParams(request.body)
      grants.push({ type: form.get('grant_type'), refreshToken: form.get('refresh_token') })
    }
    return simulator.send(request, options)
  }

  const relay = createServer(async (incoming, outgoing) => {
    try {
      const { status, headers, body } = await send(JSON.parse(await text(incoming)))
      outgoing.end(JSON.stringify({ status, headers, body }))
    } catch {
      outgoing.writeHead(502).end()
    }
  })
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve))

  return {
    users,
    clientId: simulator.clientId,
    authority: simulator.authority,
    organizations: 'https://login.microsoftonline.com/organizations',
    scope: 'https://graph.microsoft.com/User.Read',
    send,
    relayUrl: `http://127.0.0.1:${relay.address().port}/`,
    /** What a piece of work asked the token endpoint for. */
    async during(work) {
      const from = grants.length
      const result = await work()
      return { result, grants: grants.slice(from) }
    },
    revoke: (username) => simulator.revokeSessions(username),
    close: () => new Promise((resolve) => relay.close(resolve)),
  }
}
