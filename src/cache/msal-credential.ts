import type { AccessTokenEntity, AppMetadataEntity, IdTokenEntity, MsalOrigin, RefreshTokenEntity } from './entities.ts'
import { isPresent, type JsonTable, otherFields, readInstant, textOr, writeInstant } from './msal-fields.ts'
import { type KeyedEntity, keyGeneration, msalKey, sortedScopes } from './msal-keys.ts'

/** Credentials: the entities with a token in them. */
export type CredentialEntity = AccessTokenEntity | RefreshTokenEntity | IdTokenEntity

const ofCredential = ['home_account_id', 'environment', 'credential_type', 'client_id', 'secret']
const known = {
  AccessToken: new Set([
    ...ofCredential,
    ...['realm', 'target', 'cached_at', 'expires_on', 'extended_expires_on', 'refresh_on', 'token_type', 'resource'],
    ...['ropc_authority_tenant', 'ropc_asked_scopes'],
  ]),
  // MSAL Python's target, and a realm, make two tokens of one: they are left out when it is written again.
  RefreshToken: new Set([
    ...ofCredential,
    ...['realm', 'target', 'family_id', 'last_modification_time', 'ropc_expires_on'],
  ]),
  IdToken: new Set([...ofCredential, 'realm']),
  AppMetadata: new Set(['client_id', 'environment', 'family_id']),
} satisfies Record<string, ReadonlySet<string>>

/** What only tokens have that are not for us: on behalf of, for some claims, bound to a key, bound to a path. */
const foreignMarks = [
  ...['userAssertionHash', 'user_assertion_hash', 'requestedClaims', 'requestedClaimsHash'],
  ...['additionalCacheKeyComponents', 'ext', 'ext_cache_key', 'key_id', 'kid', 'keyid'],
]

/** Reads a credential entry. @returns `undefined` when it is not one that can be used here. */
export function readCredential(
  kind: CredentialEntity['kind'],
  key: string,
  value: JsonTable,
): CredentialEntity | undefined {
  const entity = findCredential(kind, value)
  return entity === undefined ? undefined : withOrigin(key, entity, value)
}

/** Reads an app metadata entry. @returns `undefined` when it is not one that can be used here. */
export function readAppMetadata(key: string, value: JsonTable): AppMetadataEntity | undefined {
  const { client_id: clientId, environment, family_id: familyId } = value
  if (typeof clientId !== 'string' || typeof environment !== 'string') return undefined
  const family = typeof familyId === 'string' ? { familyId } : {}
  return withOrigin(key, { kind: 'AppMetadata', clientId, environment, ...family }, value)
}

/** Writes a credential or app metadata as an entry's value. */
export function writeEntity(entity: CredentialEntity | AppMetadataEntity): JsonTable {
  const others = otherFields(entity.msal?.fields ?? {}, known[entity.kind])
  if (entity.kind === 'AppMetadata') {
    const { clientId, environment, familyId } = entity
    return { client_id: clientId, environment, ...(familyId === undefined ? {} : { family_id: familyId }), ...others }
  }
  const credential = {
    home_account_id: entity.homeAccountId,
    environment: entity.environment,
    credential_type: entity.kind,
    client_id: entity.clientId,
    secret: entity.secret,
  }
  switch (entity.kind) {
    case 'AccessToken':
      return { ...credential, ...accessTokenFields(entity), ...others }
    case 'RefreshToken':
      return {
        ...credential,
        ...(entity.familyId === undefined ? {} : { family_id: entity.familyId }),
        last_modification_time: writeInstant(entity.cachedAt),
        ...instant('ropc_expires_on', entity.expiresOn),
        ...others,
      }
    case 'IdToken':
      return { ...credential, realm: entity.tenantId, ...others }
  }
}

/** Fields of an entity that a new one in its place takes over. */
export function inheritedFields({ msal }: KeyedEntity): JsonTable {
  // MSAL.NET's second name for extended_expires_on: it would speak of the old token.
  return otherFields(msal?.fields ?? {}, new Set(['ext_expires_on'])) ?? {}
}

function findCredential(kind: CredentialEntity['kind'], value: JsonTable): CredentialEntity | undefined {
  const { home_account_id: homeAccountId, environment, client_id: clientId, secret } = value
  const type = textOr(value['credential_type'], kind)
  const tokenType = textOr(value['token_type'], 'Bearer')
  if (type?.toLowerCase() !== kind.toLowerCase() || tokenType?.toLowerCase() !== 'bearer') return undefined
  if (foreignMarks.some((name) => isPresent(value[name]))) return undefined
  if (typeof homeAccountId !== 'string' || typeof environment !== 'string') return undefined
  if (typeof clientId !== 'string' || typeof secret !== 'string') return undefined
  const credential = { homeAccountId, environment, clientId, secret }
  if (kind === 'RefreshToken') {
    const familyId = textOr(value['family_id'], '')
    const expiresOn = readInstant(value['ropc_expires_on'])
    if (familyId === undefined) return undefined
    return {
      kind,
      ...credential,
      cachedAt: readInstant(value['last_modification_time']) ?? 0,
      ...(expiresOn === undefined ? {} : { expiresOn }),
      ...(familyId === '' ? {} : { familyId }),
    }
  }
  const tenantId = textOr(value['realm'], '')
  if (tenantId === undefined) return undefined
  if (kind === 'IdToken') return { kind, ...credential, tenantId }
  const { target } = value
  const resource = textOr(value['resource'], '')
  if (typeof target !== 'string' || resource === undefined) return undefined
  const { ropc_authority_tenant: authorityTenant, ropc_asked_scopes: askedScopes } = value
  const refreshOn = readInstant(value['refresh_on'])
  const extendedExpiresOn = readInstant(value['extended_expires_on']) ?? readInstant(value['ext_expires_on'])
  return {
    kind,
    ...credential,
    tenantId,
    ...(typeof authorityTenant === 'string' ? { authorityTenant } : {}),
    scopes: sortedScopes(target.split(/\s+/).filter((scope) => scope !== '')),
    ...(typeof askedScopes === 'string' ? { askedScopes } : {}),
    ...(resource === '' ? {} : { resource }),
    cachedAt: readInstant(value['cached_at']) ?? 0,
    expiresOn: readInstant(value['expires_on']) ?? 0,
    ...(refreshOn === undefined ? {} : { refreshOn }),
    ...(extendedExpiresOn === undefined ? {} : { extendedExpiresOn }),
  }
}

/** Remembers what the entity does not say: unknown members, and the key where an older msal-node would use it again. */
function withOrigin<T extends CredentialEntity | AppMetadataEntity>(key: string, entity: T, value: JsonTable): T {
  const fields = otherFields(value, known[entity.kind])
  const generation = key === msalKey(entity) ? 2 : keyGeneration(key, entity)
  const old = generation === 0 || generation === 1
  if (fields === undefined && !old) return entity
  const msal: MsalOrigin = { ...(old ? { key } : {}), ...(fields === undefined ? {} : { fields }) }
  return { ...entity, msal }
}

function accessTokenFields(token: AccessTokenEntity): JsonTable {
  return {
    realm: token.tenantId,
    target: sortedScopes(token.scopes).join(' '),
    cached_at: writeInstant(token.cachedAt),
    expires_on: writeInstant(token.expiresOn),
    ...instant('extended_expires_on', token.extendedExpiresOn),
    ...instant('refresh_on', token.refreshOn),
    token_type: 'Bearer',
    ...(token.resource === undefined ? {} : { resource: token.resource }),
    ...(token.authorityTenant === undefined ? {} : { ropc_authority_tenant: token.authorityTenant }),
    ...(token.askedScopes === undefined ? {} : { ropc_asked_scopes: token.askedScopes }),
  }
}

function instant(name: string, at: number | undefined): JsonTable {
  const seconds = readInstant(at)
  return seconds === undefined ? {} : { [name]: String(seconds) }
}
