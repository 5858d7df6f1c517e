import { decodeBase64Url } from '../protocol/base64url.ts'
import type { StoredEntity } from './entities.ts'
import { entityKey } from './keys.ts'
import { createClientInfoWriter, generatedClientInfo } from './msal-account.ts'
import { isTable, type JsonTable } from './msal-fields.ts'
import { copyEntity } from './stores/entity-copy.ts'
import type { Interning } from './stores/interning.ts'

/**
 * The shape of one entry of an MSAL cache: an expression for its whole text that leaves open only what differs from user
 * to user, and the entity that was read from it. What is the same in the text of another entry is the same in its entity,
 * so such an entry needs no parser.
 */
export interface MsalPattern {
  /**
   * Matches from an entry's key to the key of the next. The first group is the home account id, if it is one: any characters
   * match, for once per user is often enough to look at them. What is no {@link plainId} is no match.
   */
  readonly expression: RegExp
  /** The key of the entity in its partition. */
  readonly key: string
  /**
   * The entity of a match; `undefined` for an entry that needs a parser all the same.
   *
   * @param homeAccountId The first group, as the string to keep.
   */
  readonly read: (match: RegExpExecArray, homeAccountId: string, interning: Interning) => StoredEntity | undefined
}

type Open = ReadonlyMap<string, { readonly member: string; readonly isInstant?: true }>

/** The members of an entry that are left open, and the member of the entity that each becomes. */
const openMembers: ReadonlyMap<string, Open> = new Map([
  [
    'AccessToken',
    new Map([
      ['secret', { member: 'secret' }],
      ['cached_at', { member: 'cachedAt', isInstant: true }],
      ['expires_on', { member: 'expiresOn', isInstant: true }],
      ['extended_expires_on', { member: 'extendedExpiresOn', isInstant: true }],
      ['refresh_on', { member: 'refreshOn', isInstant: true }],
    ]),
  ],
  ['IdToken', new Map([['secret', { member: 'secret' }]])],
  [
    'RefreshToken',
    new Map([
      ['secret', { member: 'secret' }],
      ['last_modification_time', { member: 'cachedAt', isInstant: true }],
      ['ropc_expires_on', { member: 'expiresOn', isInstant: true }],
    ]),
  ],
  [
    'Account',
    new Map([
      ['local_account_id', { member: 'localAccountId' }],
      ['username', { member: 'username' }],
      ['name', { member: 'name' }],
      ['ropc_sign_in_name', { member: 'signInName' }],
    ]),
  ],
])
/** Members of a tenant's profile that become the entity's, before those of the entry. */
const ofProfile: readonly string[] = ['localAccountId', 'username', 'name']

/** Ids that stand in a key as they are. No other partition has such a name. */
export const plainId: RegExp = /^[-._0-9a-z]{1,200}$/
// Nothing that JSON escapes, so the text is the value.
const openText = '([^"\\\\\\x00-\\x1f]*)'
// No more digits than a number holds exactly.
const openInstant = '(\\d{1,15})'
const maxLength = 1 << 15

/**
 * Makes a pattern of an entry.
 *
 * @param raw The text of the entry, from its key to its end.
 * @param value What JSON.parse made of the value.
 * @param entity What was read from the entry.
 * @returns `undefined` for an entry that is not simple enough.
 */
export function learnPattern(raw: string, value: unknown, entity: StoredEntity): MsalPattern | undefined {
  const open = openMembers.get(entity.kind)
  if (open === undefined || entity.kind === 'Sealed' || !('homeAccountId' in entity)) return undefined
  if (!isTable(value) || raw.length > maxLength) return undefined
  const { homeAccountId } = entity
  const profile = entity.kind === 'Account' ? profileOf(value) : undefined
  const isFlat = Object.entries(value).every(
    ([name, member]) => typeof member === 'string' || name === 'tenantProfiles',
  )
  const tokens = [...raw.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
  // A name that stands twice, or a list of more than one text, would put names and values out of step.
  const isInStep = tokens.length === 1 + 2 * Object.keys(value).length
  if (!plainId.test(homeAccountId) || !isFlat || !isInStep || profile === false) return undefined

  let source = ''
  let end = 0
  let groups = 1
  let name = ''
  /** The groups of the entity's members. */
  const found = new Map<string, { readonly group: number; readonly isInstant: boolean; readonly text: string }>()
  const foundInProfile = new Map<string, number>()
  let clientInfo: number | undefined

  for (const [index, { 1: text = '', index: start }] of tokens.entries()) {
    source += literal(raw.slice(end, start + 1))
    end = start + 1 + text.length
    if (index === 0) {
      if (!text.startsWith(homeAccountId)) return undefined
      // One by one: the engine passes over these without a look, and would count them otherwise.
      source += `(${'[^]'.repeat(homeAccountId.length)})${literal(text.slice(homeAccountId.length))}`
    } else if (index % 2 === 1) {
      name = text
      source += literal(text)
    } else if (name === 'home_account_id') {
      source += '\\1'
    } else if (name === 'tenantProfiles') {
      source += profilePattern(text)
    } else if (name === 'client_info' && value[name] === generatedClientInfo(homeAccountId)) {
      groups += 1
      clientInfo = groups
      source += openText
    } else {
      source += valuePattern(text)
    }
  }
  source += `${literal(raw.slice(end))},[ \\t\\n\\r]*(?=")`

  function valuePattern(text: string): string {
    const { member, isInstant = false } = open?.get(name) ?? {}
    if (member === undefined || (isInstant && !/^\d{1,15}$/.test(text))) return literal(text)
    groups += 1
    found.set(member, { group: groups, isInstant, text })
    return isInstant ? openInstant : openText
  }

  // A JSON text within a text: every quote is escaped, and nothing else.
  function profilePattern(text: string): string {
    let inner = ''
    return text.replace(
      /\\"([^\\]*)\\"([ ]*:)?|[^\\]+/g,
      (part, content: string | undefined, colon: string | undefined) => {
        if (content === undefined) return literal(part)
        if (colon !== undefined) {
          inner = content
          return literal(part)
        }
        if (!ofProfile.includes(inner)) return literal(part)
        const same = found.get(inner)
        if (same !== undefined && same.text === content) {
          foundInProfile.set(inner, same.group)
          return `\\\\"\\${same.group}\\\\"`
        }
        groups += 1
        foundInProfile.set(inner, groups)
        return `\\\\"${openText}\\\\"`
      },
    )
  }

  const fills: (readonly [member: string, group: number, isInstant: boolean])[] = []
  for (const member of new Set([...found.keys(), ...foundInProfile.keys()])) {
    const { group = 0, isInstant = false } = found.get(member) ?? {}
    if (member in entity) fills.push([member, foundInProfile.get(member) ?? group, isInstant])
  }
  // Without a group of its own, a profile's member would be taken from the entry.
  if (profile !== undefined) {
    for (const member of ofProfile)
      if (typeof profile[member] === 'string' && !foundInProfile.has(member)) return undefined
  }
  const oldKey = 'msal' in entity ? entity.msal?.key?.slice(homeAccountId.length) : undefined
  const owner = ownerOf(value['client_info'])

  const clientInfoOf = createClientInfoWriter()
  // Filled in anew for each match: the copy is what is kept.
  const filled: Record<string, unknown> = { ...entity }

  return {
    expression: new RegExp(source, 'y'),
    key: entityKey(entity),
    read(match, id, interning) {
      // Whether it says more than the id does decides about what is kept of it.
      if (clientInfo === undefined ? id === owner : match[clientInfo] !== clientInfoOf(id)) return undefined
      filled['homeAccountId'] = id
      for (const [member, group, isInstant] of fills) {
        const text = match[group] ?? ''
        filled[member] = isInstant ? instantOf(text) : own(text)
      }
      if (oldKey !== undefined) filled['msal'] = { ...entity.msal, key: [id, oldKey].join('') }
      return copyEntity(filled as unknown as StoredEntity, id, interning)
    },
  }
}

/** A copy of a text that does not keep alive the longer one that it is a part of. */
export function own(text: string): string {
  if (text.length < 13) return text
  // The engine makes short parts anew in any case; a sum it writes out as soon as somebody looks into it.
  const copy = text.slice(0, 1) + text.slice(1)
  copy.charCodeAt(0)
  return copy
}

/** The number of up to 15 digits, quicker than the engine's. */
function instantOf(digits: string): number {
  let instant = 0
  for (let at = 0; at < digits.length; at += 1) instant = 10 * instant + digits.charCodeAt(at) - 48
  return instant
}

/** The one profile of an account, if it has one; `false` if there is more to it than can be left open. */
function profileOf(value: JsonTable): JsonTable | false | undefined {
  const { tenantProfiles: profiles } = value
  if (profiles === undefined) return undefined
  if (!Array.isArray(profiles) || profiles.length !== 1) return false
  const [text] = profiles as unknown[]
  if (typeof text !== 'string' || text.includes('\\')) return false
  const profile: unknown = JSON.parse(text)
  if (!isTable(profile) || Object.values(profile).some((member) => typeof member === 'object')) return false
  // A name that stands twice.
  return text.split('":').length - 1 === Object.keys(profile).length ? profile : false
}

/** The home account id that a `client_info` tells. */
function ownerOf(clientInfo: unknown): string | undefined {
  try {
    const info: unknown = JSON.parse(decodeBase64Url(typeof clientInfo === 'string' ? clientInfo : '') ?? '')
    return isTable(info) ? `${String(info['uid'])}.${String(info['utid'])}` : undefined
  } catch {
    return undefined
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
