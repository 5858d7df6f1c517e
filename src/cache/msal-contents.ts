import type { EpochSeconds } from '../protocol/time.ts'
import type { AccountEntity, RefreshTokenEntity, StoredEntity } from './entities.ts'
import { cacheHost, entityKey } from './keys.ts'
import { parseSealedKey } from './msal-keys.ts'
import { type MsalEntry, readMsalEntry } from './msal-schema.ts'

/** An entry in its place. */
export interface Slot extends MsalEntry {
  readonly partition: string
}

/** The accounts of one cloud in a partition: one entry when we write them, any number in what we read. */
export interface AccountGroup {
  readonly slots: Set<Slot>
  readonly accounts: Map<string, AccountEntity>
  changed: boolean
}

/** A partition taken apart: what it holds, and which entries say so. */
export interface Contents {
  readonly entities: Map<string, StoredEntity>
  readonly slots: Map<string, Slot[]>
  /** By the host that stands for the cloud. */
  readonly groups: Map<string, AccountGroup>
}

/** Reads entries, in the order of the file, of one partition. */
export function takeApart(slots: Iterable<Slot>): Contents {
  const contents: Contents = { entities: new Map(), slots: new Map(), groups: new Map() }
  for (const slot of slots) {
    for (const entity of readMsalEntry(slot).entities) {
      const key = keyOf(slot, entity)
      if (isNewer(entity, contents.entities.get(key), slots)) contents.entities.set(key, entity)
      if (entity.kind === 'Account') {
        const group = groupOf(contents, entity)
        group.slots.add(slot)
        group.accounts.set(key, entity)
      } else {
        contents.slots.set(key, [...(contents.slots.get(key) ?? []), slot])
      }
    }
  }
  return contents
}

function keyOf(slot: Slot, entity: StoredEntity): string {
  if (entity.kind !== 'Sealed') return entityKey(entity)
  return parseSealedKey(slot.key ?? '')?.[1] ?? ''
}

/** Whether an entity counts more than one with the same key that stands before it. */
function isNewer(entity: StoredEntity, old: StoredEntity | undefined, slots: Iterable<Slot>): boolean {
  if (old === undefined) return true
  // We remove what a sealed entity replaces; so a plain one beside it is another library's, and newer.
  if (entity.kind === 'Sealed') return false
  // "Not known" and "not in the family" say less than the name of one.
  if (entity.kind === 'AppMetadata' && old.kind === entity.kind) return Boolean(entity.familyId) || !old.familyId
  if (entity.kind === 'AccessToken' && old.kind === entity.kind) return entity.expiresOn >= old.expiresOn
  if (entity.kind === 'RefreshToken' && old.kind === entity.kind) return cameAt(entity, slots) >= cameAt(old, slots)
  return true
}

/**
 * When a refresh token came. MSAL Node does not say; but it files one together with an access token, under the same host.
 */
function cameAt({ cachedAt, clientId, environment }: RefreshTokenEntity, slots: Iterable<Slot>): EpochSeconds {
  let latest = cachedAt
  for (const slot of cachedAt > 0 ? [] : slots) {
    for (const entity of readMsalEntry(slot).entities) {
      const isCompanion =
        entity.kind === 'AccessToken' && entity.clientId === clientId && entity.environment === environment
      if (isCompanion) latest = Math.max(latest, entity.cachedAt)
    }
  }
  return latest
}

/** The accounts of an account's cloud; an empty group if there are none yet. */
export function groupOf({ groups }: Contents, { environment }: AccountEntity): AccountGroup {
  const host = cacheHost(environment)
  const group = groups.get(host) ?? { slots: new Set(), accounts: new Map(), changed: false }
  groups.set(host, group)
  return group
}
