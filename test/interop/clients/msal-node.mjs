// One sign-in by @azure/msal-node. The job comes on stdin (never as an argument, which `ps` would show); one line of
// JSON goes to stdout.
import { createRequire } from 'node:module'
import { json } from 'node:stream/consumers'

const job = await json(process.stdin)
const { PublicClientApplication } = createRequire(job.peers)('@azure/msal-node')

const app = new PublicClientApplication({
  // Without the entry in knownAuthorities, port included, MSAL would ask login.microsoftonline.com about this host.
  auth: { clientId: job.clientId, authority: job.authority, knownAuthorities: [new URL(job.authority).host] },
})
try {
  const { username, password } = job
  const result = await app.acquireTokenByUsernamePassword({ scopes: [job.scope], username, password })
  console.log(JSON.stringify({ ok: result.accessToken.length > 0, username: result.account?.username }))
} catch (error) {
  console.log(JSON.stringify({ ok: false, error: `${error.errorCode}: ${error.errorMessage ?? error.message}` }))
}
