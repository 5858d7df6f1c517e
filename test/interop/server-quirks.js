/** What servers do that others do not, told from what was on the wire. */
const quirks = {
  'error with an empty body': ({ status, body }) => status >= 400 && body === '',
  'error without a WWW-Authenticate on 401': ({ status, headers }) =>
    status === 401 && headers['www-authenticate'] === undefined,
  'invalid_client answered with 400': ({ status, json }) => status === 400 && json?.error === 'invalid_client',
  'invalid_client called unauthorized_client': ({ json }) => json?.error === 'unauthorized_client',
  'token_type in lower case': ({ json }) => json?.token_type === 'bearer',
  'no scope in the reply': ({ json }) => json?.access_token !== undefined && json.scope === undefined,
  "scope 'dummy' after a refresh": ({ grant, json }) => grant === 'refresh_token' && json?.scope === 'dummy',
  'no id_token for scope openid': ({ grant, asked, json }) =>
    grant === 'password' && asked.includes('openid') && json?.access_token !== undefined && json.id_token === undefined,
  'refresh keeps the refresh_token': ({ grant, json }) =>
    grant === 'refresh_token' && json?.access_token !== undefined && json.refresh_token === undefined,
  'refresh changes the refresh_token': ({ grant, sent, json }) =>
    grant === 'refresh_token' && json?.refresh_token !== undefined && json.refresh_token !== sent,
  'refresh brings no id_token': ({ grant, json }) =>
    grant === 'refresh_token' && json?.access_token !== undefined && json.id_token === undefined,
  'id_token whose aud is a list': ({ claims }) => Array.isArray(claims?.aud),
  'sub is not the name typed': ({ claims, user }) => claims !== undefined && claims.sub !== user.username,
  'metadata without the password grant': ({ json }) =>
    json?.token_endpoint !== undefined && json.grant_types_supported?.includes('password') !== true,
  'metadata only with a slash at the end': ({ url, json }) => json?.token_endpoint !== undefined && url.endsWith('/'),
  'key in the JWKS without alg': ({ json }) => json?.keys?.some(({ alg }) => alg === undefined),
  'encryption key in the JWKS': ({ json }) => json?.keys?.some(({ use }) => use === 'enc'),
}

/** @returns The names of the quirks that these exchanges with a server show. */
export function quirksIn(exchanges, { user }) {
  const seen = exchanges.map((exchange) => ({ ...facts(exchange), user }))
  return Object.keys(quirks).filter((name) => seen.some((exchange) => quirks[name](exchange) === true))
}

function facts({ request, response }) {
  const form = new URLSearchParams(request.body ?? '')
  const json = parse(response.body)
  return {
    url: request.url,
    grant: form.get('grant_type'),
    asked: (form.get('scope') ?? '').split(' '),
    sent: form.get('refresh_token'),
    status: response.status,
    headers: response.headers,
    body: response.body,
    json,
    claims: typeof json?.id_token === 'string' ? claimsOf(json.id_token) : undefined,
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const claimsOf = (token) => parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
