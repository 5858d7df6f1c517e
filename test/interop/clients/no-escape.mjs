// `node no-escape.mjs <interceptor> <transport> <dist/transport.js>`, under Node 22: a request to a real server on loopback, and
// one to a host that does not exist, while an interceptor is active. Prints what came back, and what reached the network.
import { createHook } from 'node:async_hooks'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [, , interceptor, transport, dist] = process.argv
const peers = createRequire(`${process.cwd()}/package.json`)
const { createFetchTransport, createHttpsTransport, createUndiciTransport } = await import(dist)

const reached = []
const server = createServer((request, response) => {
  reached.push(`${request.method} ${request.url}`)
  response.end('real')
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const real = `http://127.0.0.1:${server.address().port}`
const origins = [real, 'https://login.contoso.test']

// Below everything that an interceptor could replace: a connection, and the look-up of a name.
const doors = ['TCPCONNECTWRAP', 'GETADDRINFOREQWRAP']
createHook({
  init(_, type) {
    if (doors.includes(type)) reached.push(type)
  },
}).enable()

if (interceptor.startsWith('nock')) {
  // Before 15 it is CommonJS.
  const { default: nock = peers(interceptor) } = peers(interceptor)
  nock.disableNetConnect()
  for (const origin of origins) nock(origin).post(/./).reply(200, 'mocked')
} else if (interceptor.startsWith('undici')) {
  const { MockAgent, setGlobalDispatcher } = peers(interceptor)
  const agent = new MockAgent()
  agent.disableNetConnect()
  for (const origin of origins) agent.get(origin).intercept({ path: /./, method: 'POST' }).reply(200, 'mocked')
  setGlobalDispatcher(agent)
} else {
  const { setupServer } = peers(`${interceptor}/node`)
  const { http, HttpResponse } = peers(interceptor)
  let left = origins.length
  // Each once, as with nock; what is not expected ends in an error.
  const answer = () => (left-- > 0 ? HttpResponse.text('mocked') : HttpResponse.error())
  setupServer(...origins.map((origin) => http.post(`${origin}/*`, answer))).listen({ onUnhandledRequest: 'error' })
}

const send = { https: createHttpsTransport, fetch: createFetchTransport, undici: createUndiciTransport }[transport]()
const outcomes = []
const outcomeOf = ({ status, body }) => (status === 200 ? body : `status ${status}`)
for (const origin of [...origins, ...origins]) {
  const request = {
    ...{ step: 'token', method: 'POST', url: `${origin}/tenant/oauth2/v2.0/token`, body: 'password=x' },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }
  outcomes.push(await send(request).then(outcomeOf, ({ code }) => code))
}
console.log(JSON.stringify({ outcomes, reached }))
process.exit()
