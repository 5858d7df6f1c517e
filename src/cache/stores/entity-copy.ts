import type {
  AccessTokenEntity,
  AccountEntity,
  IdTokenEntity,
  RefreshTokenEntity,
  SealedEntity,
  StoredEntity,
} from '../entities.ts'
import type { Interning } from './interning.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Copies an entity into the smallest form: members in one order, so that all of a kind are alike to the engine, and texts
 * that other users have too as one object. What `msal` and `value` hold is not copied: it is plain data that nobody changes.
 *
 * @param partition The partition's name, as the object that all entities of the user share.
 */
export function copyEntity(entity: StoredEntity, partition: string, interning: Interning): StoredEntity {
  switch (entity.kind) {
    case 'Account':
      return copyAccount(entity, partition, interning)
    case 'AccessToken':
      return copyAccessToken(entity, partition, interning)
    case 'IdToken':
      return copyIdToken(entity, partition, interning)
    case 'RefreshToken':
      return copyRefreshToken(entity, partition, interning)
    case 'Sealed':
      return copySealed(entity)
    default:
      return { ...entity }
  }
}

function copyAccount(entity: AccountEntity, partition: string, { text }: Interning): AccountEntity {
  const { name, signInName, authorityType, msal } = entity
  const copy: Mutable<AccountEntity> = {
    kind: 'Account',
    homeAccountId: own(entity.homeAccountId, partition),
    localAccountId: entity.localAccountId,
    environment: text(entity.environment, 'environment'),
    tenantId: text(entity.tenantId, 'tenantId'),
    username: entity.username,
  }
  if (name !== undefined) copy.name = name
  if (signInName !== undefined) copy.signInName = signInName
  if (authorityType !== undefined) copy.authorityType = authorityType
  if (msal !== undefined) copy.msal = msal
  return copy
}

function copyAccessToken(entity: AccessTokenEntity, partition: string, { text, scopes }: Interning): AccessTokenEntity {
  const { authorityTenant, askedScopes, resource, refreshOn, extendedExpiresOn, msal } = entity
  const copy: Mutable<AccessTokenEntity> = {
    kind: 'AccessToken',
    homeAccountId: own(entity.homeAccountId, partition),
    environment: text(entity.environment, 'environment'),
    clientId: text(entity.clientId, 'clientId'),
    tenantId: text(entity.tenantId, 'tenantId'),
    scopes: scopes(entity.scopes),
    secret: entity.secret,
    cachedAt: entity.cachedAt,
    expiresOn: entity.expiresOn,
  }
  if (authorityTenant !== undefined) copy.authorityTenant = text(authorityTenant, 'tenantId')
  if (askedScopes !== undefined) copy.askedScopes = text(askedScopes, 'askedScopes')
  if (extendedExpiresOn !== undefined) copy.extendedExpiresOn = extendedExpiresOn
  if (refreshOn !== undefined) copy.refreshOn = refreshOn
  if (resource !== undefined) copy.resource = text(resource)
  if (msal !== undefined) copy.msal = msal
  return copy
}

function copyIdToken(entity: IdTokenEntity, partition: string, { text }: Interning): IdTokenEntity {
  const copy: Mutable<IdTokenEntity> = {
    kind: 'IdToken',
    homeAccountId: own(entity.homeAccountId, partition),
    environment: text(entity.environment, 'environment'),
    clientId: text(entity.clientId, 'clientId'),
    tenantId: text(entity.tenantId, 'tenantId'),
    secret: entity.secret,
  }
  if (entity.msal !== undefined) copy.msal = entity.msal
  return copy
}

function copyRefreshToken(entity: RefreshTokenEntity, partition: string, { text }: Interning): RefreshTokenEntity {
  const { expiresOn, familyId, msal } = entity
  const copy: Mutable<RefreshTokenEntity> = {
    kind: 'RefreshToken',
    homeAccountId: own(entity.homeAccountId, partition),
    environment: text(entity.environment, 'environment'),
    clientId: text(entity.clientId, 'clientId'),
    secret: entity.secret,
    cachedAt: entity.cachedAt,
  }
  if (expiresOn !== undefined) copy.expiresOn = expiresOn
  if (familyId !== undefined) copy.familyId = familyId
  if (msal !== undefined) copy.msal = msal
  return copy
}

function copySealed(entity: SealedEntity): SealedEntity {
  const { usernames } = entity
  return usernames === undefined ? { ...entity } : { ...entity, usernames: [...usernames] }
}

function own(homeAccountId: string, partition: string): string {
  return homeAccountId === partition ? partition : homeAccountId
}
