import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { entraFaults } from './entra-faults.ts'
import { farmFault } from './farm-faults.ts'
import { hasMsisFault } from './msis-faults.ts'
import type { User, World } from './world.ts'

/**
 * The passwords of the demo users. MSAL Python and ADAL Python cannot send "é", and ADAL Node not "$$", to AD FS: the users
 * that those sign in with have neither.
 */
export const demoPasswords = { managed: 'Pa$$w0rd+&=é', federated: `S3cret+&=<>%"'` } as const

/**
 * The user whom a name such as `aadsts50097@contoso.example` asks for: one who is on no list, has the password of the others
 * and is refused with that number. `aadsts70002-50126@…` is refused with two at once. In a federated domain Entra
 * refuses the assertion, and `id3242@…`, `msis9605@…` or `messageexpired@…` are refused by the farm itself.
 */
export function userNamedAfterRefusal(world: World, username: string): User | undefined {
  const [, name = '', domainName = ''] = /^([\w-]+)@(.+)$/.exec(username.toLowerCase()) ?? []
  const tenant = world.tenants.find(({ domains }) => domains.some((domain) => domain.name === domainName))
  const kind = tenant?.domains.find((domain) => domain.name === domainName)?.kind
  if (tenant === undefined || kind === undefined) return undefined
  const numbers = /^aadsts\d+(-\d+)*$/.test(name) ? name.slice('aadsts'.length).split('-').map(Number) : []
  const isEntras = numbers.length > 0 && numbers.every((number) => entraFaults.has(number))
  const isFarms = kind === 'federated' && (farmFault(name) !== undefined || hasMsisFault(name))
  if (!isEntras && !isFarms) return undefined
  return {
    username: username.toLowerCase(),
    password: demoPasswords[kind],
    displayName: name,
    what: `refused with ${name}`,
    objectId: guidOf(username.toLowerCase()),
    tenantId: tenant.id,
    ...(kind === 'federated' ? { immutableId: Buffer.from(name).toString('base64') } : {}),
    ...(isEntras ? { refusal: numbers } : { farmFault: name }),
  }
}

function guidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
