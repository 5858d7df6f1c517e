// One sign-in by adal-node. The job comes on stdin (never as an argument, which `ps` would show); one line of JSON goes
// to stdout.
const { createRequire } = require('node:module')
const { json } = require('node:stream/consumers')

json(process.stdin).then((job) => {
  const { AuthenticationContext } = createRequire(job.peers)('adal-node')
  // `false`: without it ADAL would ask login.windows.net whether this host is an authority.
  const context = new AuthenticationContext(job.authority, false)
  context.acquireTokenWithUsernamePassword(job.resource, job.username, job.password, job.clientId, (error, result) => {
    if (error) console.log(JSON.stringify({ ok: false, error: error.message }))
    else console.log(JSON.stringify({ ok: result.accessToken.length > 0, username: result.userId }))
  })
})
