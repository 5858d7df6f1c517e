// npm oauth2-mock-server. It takes any password; the hook is its own way to have one refused.
// The job comes on stdin (never as an argument, which `ps` would show).
import { createRequire } from 'node:module'
import { json } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

const { peers, port, password } = await json(process.stdin)
const { OAuth2Server } = await import(pathToFileURL(createRequire(peers).resolve('oauth2-mock-server')))

const server = new OAuth2Server()
await server.issuer.keys.generate('RS256')
server.issuer.url = `http://127.0.0.1:${port}`
server.service.on('beforeResponse', (response, { body }) => {
  if (body.grant_type !== 'password' || body.password === password) return
  response.statusCode = 400
  response.body = { error: 'invalid_grant' }
})
await server.start(port, '127.0.0.1')
