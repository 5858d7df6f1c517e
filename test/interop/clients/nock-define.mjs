// `node nock-define.mjs <cassette> <dist folder>`, under Node 22: the default transport replays a cassette through nock 15, with a
// clock, ids and a password of its own. Prints how the password went, and what reached the network.
import { createHook } from 'node:async_hooks'
import { createRequire } from 'node:module'

const [, , name, dist] = process.argv
const peers = createRequire(`${process.cwd()}/package.json`)
const { createRopcClient } = await import(`${dist}index.js`)
const { toNock, useCassette } = await import(`${dist}testing.js`)
const { default: nock } = peers('nock')

const reached = []
const doors = ['TCPCONNECTWRAP', 'GETADDRINFOREQWRAP']
createHook({
  init(_, type) {
    if (doors.includes(type)) reached.push(type)
  },
}).enable()

const { cassette, clientOptions, username } = useCassette(name)
const { authority, clientId } = clientOptions
nock.disableNetConnect()
nock.define(await toNock(cassette, { username: 'build@fabrikam.example' }))
const client = createRopcClient({ authority, clientId })
const [{ request }] = cassette.calls
const { account, path } = await client.acquireTokenByUsernamePassword({
  username: 'build@fabrikam.example',
  password: 'of my own',
  scopes: request.scopes,
})
console.log(
  JSON.stringify({
    username: account.username,
    path: path.type,
    left: nock.pendingMocks().length,
    reached,
    was: username,
  }),
)
process.exit()
