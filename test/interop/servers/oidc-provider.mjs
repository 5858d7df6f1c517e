// npm oidc-provider with a password grant: it has none of its own, so this is the registered one that its users write.
// The job comes on stdin (never as an argument, which `ps` would show).
import { createRequire } from 'node:module'
import { json } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

const { peers, port, issuer, username, password, clientSecret, clientJwks, serverJwk } = await json(process.stdin)
const { default: Provider, errors } = await import(pathToFileURL(createRequire(peers).resolve('oidc-provider')))

const grants = { grant_types: ['password', 'refresh_token'], response_types: [], redirect_uris: [] }
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...serverJwk, kid: 'interop', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['interop'] },
  scopes: ['openid', 'offline_access', 'profile', 'api.read'],
  claims: { profile: ['name', 'preferred_username'] },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  features: { devInteractions: { enabled: false } },
  ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 86_400, Grant: 86_400 },
  findAccount,
  clients: [
    { ...grants, client_id: 'pub', token_endpoint_auth_method: 'none' },
    { ...grants, client_id: 'conf', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    { ...grants, client_id: 'post', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' },
    { ...grants, client_id: 'signed', jwks: clientJwks, token_endpoint_auth_method: 'private_key_jwt' },
  ],
})

function findAccount(_context, accountId) {
  return { accountId, claims: () => ({ sub: accountId, name: 'Alice', preferred_username: accountId }) }
}

async function passwordGrant(context) {
  const { client, params } = context.oidc
  if (params.username !== username || params.password !== password) throw new errors.InvalidGrant('no such user')
  const scopes = new Set((params.scope ?? '').split(' ').filter(Boolean))
  const accountId = params.username

  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grant.addOIDCScope([...scopes].join(' '))
  const grantId = await grant.save()
  context.oidc.entity('Grant', grant)
  context.oidc.entity('Account', findAccount(context, accountId))

  const common = { accountId, client, grantId, gty: 'password', scope: grant.getOIDCScopeFiltered(scopes) }
  const accessToken = new provider.AccessToken(common)
  context.oidc.entity('AccessToken', accessToken)
  const body = {
    access_token: await accessToken.save(),
    expires_in: accessToken.expiration,
    token_type: accessToken.tokenType,
    scope: accessToken.scope,
  }
  const authTime = Math.floor(Date.now() / 1000)
  if (scopes.has('offline_access')) {
    const refreshToken = new provider.RefreshToken({ ...common, authTime })
    context.oidc.entity('RefreshToken', refreshToken)
    body.refresh_token = await refreshToken.save()
  }
  if (scopes.has('openid')) {
    const idToken = new provider.IdToken({ sub: accountId, auth_time: authTime }, { ctx: context })
    idToken.scope = common.scope
    idToken.set('at_hash', body.access_token)
    body.id_token = await idToken.issue({ use: 'idtoken' })
  }
  context.body = body
}

provider.registerGrantType('password', passwordGrant, ['username', 'password', 'scope'])
provider.on('server_error', (_context, error) => console.error(error.stack))
provider.listen(port, '127.0.0.1')
