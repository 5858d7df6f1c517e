import { encodeBase64Url } from '../protocol/base64url.ts'
import type { AccountEntity } from './entities.ts'
import { cacheHost } from './keys.ts'
import { isPresent, isTable, type JsonTable, otherFields, textOr } from './msal-fields.ts'
import { homeTenant } from './msal-keys.ts'

const known: ReadonlySet<string> = new Set([
  'home_account_id',
  'environment',
  'realm',
  'local_account_id',
  'username',
  'authority_type',
  'name',
  'client_info',
  'tenantProfiles',
  'ropc_sign_in_name',
])
const knownOfProfile: ReadonlySet<string> = new Set(['tenantId', 'localAccountId', 'name', 'username', 'isHomeTenant'])

/**
 * Reads an account entry: one entity for each tenant that the user has a profile in, the entry's own tenant if it names
 * none. What is unknown in the entry stands with each of them; what is unknown in a profile, under `tenantProfiles`.
 *
 * @returns `undefined` when the entry is not one that can be used here.
 */
export function readAccount(entry: JsonTable): readonly AccountEntity[] | undefined {
  const { home_account_id: homeAccountId, environment } = entry
  const realm = textOr(entry['realm'], '')
  const localAccountId = textOr(entry['local_account_id'], '')
  const username = textOr(entry['username'], '')
  const profiles = readProfiles(entry['tenantProfiles'])
  if (typeof homeAccountId !== 'string' || typeof environment !== 'string' || realm === undefined) return undefined
  if (localAccountId === undefined || username === undefined || profiles === undefined) return undefined
  if (isPresent(entry['userAssertionHash']) || isPresent(entry['user_assertion_hash'])) return undefined

  const fields = { ...otherFields(entry, known), ...keptFields(entry, homeAccountId) }
  const authorityType = authorityTypeOf(entry)
  const own = profiles.length > 0 ? profiles : [{ tenantId: realm, name: entry['name'] }]
  return own.map((profile) => {
    const tenantId = profile.tenantId
    const name = profile['name'] ?? (tenantId === realm ? entry['name'] : undefined)
    const signInName = signInNameOf(entry['ropc_sign_in_name'], tenantId)
    const ofProfile = otherFields(profile, knownOfProfile)
    const all = ofProfile === undefined ? fields : { ...fields, tenantProfiles: ofProfile }
    return {
      kind: 'Account',
      homeAccountId,
      environment,
      localAccountId: textOr(profile['localAccountId'], localAccountId) ?? localAccountId,
      tenantId,
      username: textOr(profile['username'], username) ?? username,
      ...(typeof name === 'string' ? { name } : {}),
      ...(signInName === undefined ? {} : { signInName }),
      ...(authorityType === undefined ? {} : { authorityType }),
      ...(Object.keys(all).length === 0 ? {} : { msal: { fields: all } }),
    }
  })
}

/**
 * Writes all accounts of one user in one cloud as the one entry that they share: msal-node keeps a guest's other tenants
 * as profiles in the entry of the home tenant.
 *
 * @returns The entry, and the entity that its key is made of. `undefined` when there is no account.
 */
export function writeAccount(
  accounts: readonly AccountEntity[],
): { readonly head: AccountEntity; readonly value: JsonTable } | undefined {
  const [first] = accounts
  if (first === undefined) return undefined
  const { homeAccountId } = first
  const utid = homeTenant(homeAccountId)
  const primary = accounts.find(({ tenantId }) => tenantId === utid) ?? first
  const sameHost = accounts.every(({ environment }) => environment === first.environment)
  const head: AccountEntity = sameHost ? primary : { ...primary, environment: cacheHost(first.environment) }
  const fields: JsonTable = Object.fromEntries(
    [...accounts, primary].flatMap((account) => Object.entries(fieldsOf(account))),
  )
  const clientInfo = fields['client_info'] ?? generatedClientInfo(homeAccountId)
  const signInName = signInNames(accounts)
  const value = {
    home_account_id: homeAccountId,
    environment: head.environment,
    realm: utid ?? head.tenantId,
    local_account_id: head.localAccountId,
    username: head.username,
    authority_type: head.authorityType ?? fields['authority_type'] ?? 'MSSTS',
    ...(head.name === undefined ? {} : { name: head.name }),
    ...(clientInfo === undefined ? {} : { client_info: clientInfo }),
    tenantProfiles: accounts.map((account) => JSON.stringify(writeProfile(account, utid))),
    ...(signInName === undefined ? {} : { ropc_sign_in_name: signInName }),
    ...otherFields(fields, known),
  }
  return { head, value }
}

/** A new account in place of an old one: what was unknown in the old one stays. */
export function inheritAccount(account: AccountEntity, old: AccountEntity | undefined): AccountEntity {
  const inherited = old?.msal?.fields
  if (inherited === undefined) return account
  const fields = account.msal?.fields
  const profiles = [inherited['tenantProfiles'], fields?.['tenantProfiles']].filter(isTable)
  const tenantProfiles = profiles.length === 0 ? {} : { tenantProfiles: { ...profiles[0], ...profiles[1] } }
  return { ...account, msal: { fields: { ...inherited, ...fields, ...tenantProfiles } } }
}

interface Profile extends JsonTable {
  readonly tenantId: string
}

function readProfiles(value: unknown): readonly Profile[] | undefined {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return undefined
  const profiles = (value as unknown[]).map(readProfile)
  return profiles.every((profile) => profile !== undefined) ? profiles : undefined
}

function readProfile(value: unknown): Profile | undefined {
  let profile = value
  try {
    if (typeof value === 'string') profile = JSON.parse(value)
  } catch {
    return undefined
  }
  if (!isTable(profile)) return undefined
  const { tenantId } = profile
  return typeof tenantId === 'string' ? { ...profile, tenantId } : undefined
}

function writeProfile(account: AccountEntity, utid: string | undefined): JsonTable {
  const unknown = account.msal?.fields?.['tenantProfiles']
  return {
    tenantId: account.tenantId,
    localAccountId: account.localAccountId,
    ...(account.name === undefined ? {} : { name: account.name }),
    username: account.username,
    isHomeTenant: account.tenantId === utid,
    ...(isTable(unknown) ? otherFields(unknown, knownOfProfile) : undefined),
  }
}

/** Members that are known, but hold what could not be made again. */
function keptFields(entry: JsonTable, homeAccountId: string): JsonTable {
  const { client_info: clientInfo, authority_type: authorityType } = entry
  const received = typeof clientInfo === 'string' && clientInfo !== generatedClientInfo(homeAccountId)
  const unusual = typeof authorityType === 'string' && !['MSSTS', 'ADFS', 'Generic'].includes(authorityType)
  return {
    ...(received ? { client_info: clientInfo } : {}),
    ...(unusual ? { authority_type: authorityType } : {}),
  }
}

function fieldsOf({ msal }: AccountEntity): JsonTable {
  return msal?.fields ?? {}
}

function authorityTypeOf({ authority_type: type }: JsonTable): 'ADFS' | 'Generic' | undefined {
  return type === 'ADFS' || type === 'Generic' ? type : undefined
}

/** The `client_info` that a server sends for a user; `undefined` for AD FS, which sends none. */
export function generatedClientInfo(homeAccountId: string): string | undefined {
  const utid = homeTenant(homeAccountId)
  if (utid === undefined) return undefined
  return encodeBase64Url(JSON.stringify({ uid: homeAccountId.slice(0, -utid.length - 1), utid }))
}

/**
 * {@link generatedClientInfo} for many ids of letters, digits, `-`, `.` and `_` only: what the users of one tenant share is
 * encoded once.
 */
export function createClientInfoWriter(): (homeAccountId: string) => string | undefined {
  let lastEnd = ''
  let lastEncoded = ''
  return (homeAccountId) => {
    const utid = homeTenant(homeAccountId)
    if (utid === undefined) return undefined
    const text = `{"uid":"${homeAccountId.slice(0, -utid.length - 1)}","utid":"${utid}"}`
    // Three characters become four. What begins behind the id at such a step is the same for all ids of this length.
    const open = text.length - utid.length - 9
    const start = open - (open % 3)
    const end = text.slice(start)
    if (end !== lastEnd) {
      lastEnd = end
      lastEncoded = encodeBase64Url(end)
    }
    // No "+" and "/" come of these characters.
    return btoa(text.slice(0, start)) + lastEncoded
  }
}

/** One text where all tenants share the name, else a table of them by tenant. */
function signInNames(accounts: readonly AccountEntity[]): string | JsonTable | undefined {
  const names = accounts.flatMap(({ tenantId, signInName }) =>
    signInName === undefined ? [] : [[tenantId, signInName]],
  )
  if (names.length === 0) return undefined
  if (names.length < accounts.length || new Set(names.map(([, name]) => name)).size > 1)
    return Object.fromEntries(names)
  return names[0]?.[1]
}

function signInNameOf(value: unknown, tenantId: string): string | undefined {
  const name = isTable(value) && Object.hasOwn(value, tenantId) ? value[tenantId] : value
  return typeof name === 'string' ? name : undefined
}
