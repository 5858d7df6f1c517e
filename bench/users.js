// Invented users, as our entities and as the file that MSAL Node would have written for them.

export const tenantId = '11111111-aaaa-4bbb-8ccc-000000000001'
export const clientId = '22222222-aaaa-4bbb-8ccc-000000000002'
export const authority = `https://login.microsoftonline.com/${tenantId}`
export const scope = 'https://graph.microsoft.com/User.Read'
const environment = 'login.windows.net'
const scopes = ['email', 'openid', 'profile', scope]
const target = scopes.join(' ')

/** One instant for the whole run: what is cached now is still valid when the last figure is taken. */
export const at = Math.floor(Date.now() / 1000) - 60
const expiresOn = at + 80_000

const uid = (index) => `33333333-aaaa-4bbb-8ccc-${String(index).padStart(12, '0')}`
export const homeAccountId = (index) => `${uid(index)}.${tenantId}`
export const username = (index) => `user${index}@contoso.example`
const name = (index) => `User ${index}`

/**
 * The three secrets of a user. `small` ones have 40 characters, `real` ones what Entra sends; the id_token can be
 * decoded in both, for that is part of a hit.
 */
export function secrets(index, profile) {
  const digits = String(index).padStart(8, '0')
  const padding = profile === 'real' ? { at: 2_000, rt: 1_200, id: 740 } : { at: 40, rt: 40, id: 0 }
  const claims = padding.id === 0 ? { sub: `user-${digits}` } : { ...idTokenClaims(index), pad: 'p'.repeat(padding.id) }
  return {
    at: `AT.${digits}.`.padEnd(padding.at, 'a'),
    rt: `RT.${digits}.`.padEnd(padding.rt, 'r'),
    id: `e30.${base64url(claims)}.c2ln`,
  }
}

/** What the token endpoint of the fake networks answers for a user: the same bytes for both libraries. */
export function tokenAnswer(index) {
  const { at: accessToken, rt } = secrets(index)
  return JSON.stringify({
    token_type: 'Bearer',
    scope: target,
    expires_in: 80_000,
    ext_expires_in: 80_000,
    access_token: accessToken,
    refresh_token: rt,
    id_token: `e30.${base64url(idTokenClaims(index))}.c2ln`,
    client_info: base64url({ uid: uid(index), utid: tenantId }),
  })
}

function idTokenClaims(index) {
  const times = { iat: at, nbf: at, exp: expiresOn }
  const who = {
    sub: `sub-${index}`,
    oid: uid(index),
    tid: tenantId,
    name: name(index),
    preferred_username: username(index),
  }
  return { aud: clientId, iss: `https://login.microsoftonline.com/${tenantId}/v2.0`, ver: '2.0', ...times, ...who }
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A user's entities, with no string shared between users: as they come from a network or a file. */
export function entitiesOf(index, profile) {
  const { at: accessToken, rt, id } = secrets(index, profile)
  const of = { homeAccountId: homeAccountId(index), environment }
  const account = { localAccountId: uid(index), tenantId, username: username(index), name: name(index) }
  const times = { cachedAt: at, expiresOn, extendedExpiresOn: expiresOn }
  const scoped = { tenantId, authorityTenant: tenantId, scopes, askedScopes: scope.toLowerCase() }
  return JSON.parse(
    JSON.stringify([
      { kind: 'Account', ...of, ...account },
      { kind: 'AccessToken', ...of, clientId, ...scoped, secret: accessToken, ...times },
      { kind: 'IdToken', ...of, clientId, tenantId, secret: id },
      { kind: 'RefreshToken', ...of, clientId, cachedAt: at, secret: rt },
    ]),
  )
}

/** Fills a store with users 0 to `count - 1`. @returns How long `apply` took, in milliseconds. */
export async function fillStore(store, entityKey, count, profile) {
  let ms = 0
  for (let start = 0; start < count; start += 1_000) {
    const indices = Array.from({ length: Math.min(1_000, count - start) }, (_, offset) => start + offset)
    const changes = indices.map((index) => ({
      partition: homeAccountId(index),
      put: Object.fromEntries(entitiesOf(index, profile).map((entity) => [entityKey(entity), entity])),
    }))
    const begin = performance.now()
    for (const { partition, put } of changes) await store.apply(partition, { put })
    ms += performance.now() - begin
  }
  return ms
}

/** The text of the file that MSAL Node 7 would have for users 0 to `count - 1`. */
export function msalFile(count, profile) {
  const sections = { Account: [], IdToken: [], AccessToken: [], RefreshToken: [] }
  const add = (section, key, value) => sections[section].push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  for (let index = 0; index < count; index++) {
    const { at: accessToken, rt, id } = secrets(index, profile)
    const key = `${homeAccountId(index)}-${environment}`
    const of = { home_account_id: homeAccountId(index), environment }
    const credential = (type, secret) => ({ ...of, credential_type: type, client_id: clientId, secret })
    add('Account', `${key}-${tenantId}`, {
      ...of,
      realm: tenantId,
      local_account_id: uid(index),
      username: username(index),
      authority_type: 'MSSTS',
      name: name(index),
      client_info: base64url({ uid: uid(index), utid: tenantId }),
      tenantProfiles: [
        JSON.stringify({
          tenantId,
          localAccountId: uid(index),
          name: name(index),
          username: username(index),
          isHomeTenant: true,
        }),
      ],
    })
    add('IdToken', `${key}-idtoken-${clientId}-${tenantId}--`, { ...credential('IdToken', id), realm: tenantId })
    add('AccessToken', `${key}-accesstoken-${clientId}-${tenantId}-${target.toLowerCase()}-`, {
      ...credential('AccessToken', accessToken),
      realm: tenantId,
      target,
      cached_at: String(at),
      expires_on: String(expiresOn),
      extended_expires_on: String(expiresOn),
      token_type: 'Bearer',
    })
    add('RefreshToken', `${key}-refreshtoken-${clientId}---`, credential('RefreshToken', rt))
  }
  const texts = Object.entries(sections).map(([section, entries]) => `"${section}":{${entries.join(',')}}`)
  return `{${[...texts, '"AppMetadata":{}'].join(',')}}`
}

/** An account as MSAL Node takes it. */
export function msalAccount(index) {
  const who = { username: username(index), localAccountId: uid(index), name: name(index) }
  return { homeAccountId: homeAccountId(index), environment, tenantId, ...who }
}
