import type { RedactedRequest } from '../../redact/redacted-message.ts'

/** Form fields whose value is a secret, with the shell variable that stands for it. */
const variables: Readonly<Record<string, string>> = {
  password: 'PASSWORD',
  client_secret: 'CLIENT_SECRET',
  client_assertion: 'CLIENT_ASSERTION',
  assertion: 'ASSERTION',
  refresh_token: 'REFRESH_TOKEN',
  device_code: 'DEVICE_CODE',
  code: 'CODE',
}

// What curl says itself, or what only holds for the body as it was.
const leftOut = new Set(['content-length', 'host', 'connection', 'accept-encoding', 'user-agent'])

/**
 * A request as a command for a POSIX shell. In place of secrets it has variables (`$PASSWORD`); whatever else came in is quoted,
 * so that no text of a trace is a command.
 */
export function curlCommand({ method, url, headers, body = '' }: RedactedRequest): string {
  const isForm = /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '')
  const lines = [`curl --silent --show-error --include --request ${quote(method)} ${quote(url)}`]
  for (const [name, value] of Object.entries(headers)) {
    if (leftOut.has(name) || (isForm && name === 'content-type')) continue
    lines.push(
      name === 'authorization'
        ? `--header ${quote(`${name}: `)}"$AUTHORIZATION"`
        : `--header ${quote(`${name}: ${value}`)}`,
    )
  }
  if (isForm)
    for (const [name, value] of new URLSearchParams(body)) lines.push(`--data-urlencode ${formField(name, value)}`)
  else if (body !== '') lines.push(`--data-binary ${xmlBody(body)}`)
  return lines.join(' \\\n  ')
}

function formField(name: string, value: string): string {
  const variable = Object.hasOwn(variables, name) ? variables[name] : undefined
  return variable === undefined ? quote(`${name}=${value}`) : `${quote(`${name}=`)}"$${variable}"`
}

// The password of a WS-Trust message stands in an element; it has to be escaped for XML by whoever sets the variable.
function xmlBody(body: string): string {
  const [, before, after] = /^(.*?<(?:[\w.-]+:)?Password(?:\s[^<>]*)?>)[^<]*(<\/.*)$/s.exec(body) ?? []
  if (before === undefined || after === undefined) return quote(body)
  return `${quote(before)}"$PASSWORD"${quote(after)}`
}

/** One word of a POSIX shell. Within single quotes nothing has a meaning but their end. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
