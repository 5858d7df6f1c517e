import { CacheError } from '../errors.ts'
import { findCloud } from '../protocol/clouds.ts'
import { indexEntries, indexEntry } from './account-index.ts'
import { type AccountEntity, type AppMetadataEntity, type StoredEntity, sharedPartition } from './entities.ts'
import { cacheHost, entityKey } from './keys.ts'
import { inheritAccount, writeAccount } from './msal-account.ts'
import { type Contents, groupOf, type Slot, takeApart } from './msal-contents.ts'
import { inheritedFields, writeEntity } from './msal-credential.ts'
import { isTable, type JsonTable } from './msal-fields.ts'
import { chooseKey, freeKey, type KeyDialect, type KeyedEntity, msalKey, sealedKey } from './msal-keys.ts'
import { checkOwner, partitionOfEntry, readMsalEntry, sealedSection, writeSealed } from './msal-schema.ts'
import { isAllowed, overlaps } from './partition.ts'
import type { AccountIndex, PartitionChange } from './store.ts'

export interface MsalDocumentOptions {
  /** How to write the key of an entry that is new. Default `node`. */
  readonly keyDialect?: KeyDialect
}

type Table = Map<string, Slot>

/** Nobody needs this order, but msal-node writes it. */
const firstSections = ['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata']

/** The sections that tell who a partition belongs to. */
const indexed = ['Account', sealedSection]

/** One MSAL cache in memory: read and changed entity by entity; everything else in it stays as it was. */
export class MsalDocument {
  readonly #dialect: KeyDialect
  readonly #root = new Map<string, Table | Slot>()
  readonly #partitions = new Map<string, Set<Slot>>()
  #index: ReadonlyMap<string, ReadonlySet<string>> | undefined

  private constructor({ keyDialect = 'node' }: MsalDocumentOptions) {
    this.#dialect = keyDialect
  }

  /**
   * Reads a cache. Blank text is an empty one.
   *
   * @throws {@link CacheError} `ERR_CACHE_FORMAT` if the text is not one JSON object.
   */
  static parse(text: string, options: MsalDocumentOptions = {}): MsalDocument {
    const document = new MsalDocument(options)
    for (const [section, member] of Object.entries(parseRoot(text))) {
      if (!isTable(member)) {
        document.#add({ section, value: member, partition: sharedPartition })
        continue
      }
      document.#root.set(section, new Map())
      for (const [key, value] of Object.entries(member)) {
        document.#add({ section, key, value, partition: partitionOfEntry({ section, key, value }) })
      }
    }
    return document
  }

  static empty(options: MsalDocumentOptions = {}): MsalDocument {
    return new MsalDocument(options)
  }

  /** The entities of a partition by their {@link entityKey}; of several entries that mean the same one, the newest. */
  read(partition: string): ReadonlyMap<string, StoredEntity> {
    return takeApart(this.#partitions.get(partition) ?? []).entities
  }

  /**
   * Changes a partition: what is written replaces every entry that means the same.
   *
   * @returns Whether it did; `false` if `onlyIf` forbade it.
   * @throws {@link CacheError} with nothing changed: `ERR_CACHE_FORMAT` if a section that must be written to is no table,
   *   `ERR_CACHE_WRITE` if an entity belongs to another user.
   */
  apply(partition: string, change: PartitionChange): boolean {
    const contents = takeApart(this.#partitions.get(partition) ?? [])
    if (!isAllowed(contents.entities, change)) return false
    const put = new Map(
      Object.entries(change.put ?? {}).map(([key, entity]) => [
        entity.kind === 'Sealed' ? key : entityKey(entity),
        entity,
      ]),
    )
    const wholeMembers = new Set([...put.values()].filter(isWholeMember).map(sectionOf))
    for (const entity of put.values()) this.#checkPut(partition, entity, wholeMembers)

    for (const key of change.del ?? []) this.#forget(contents, key)
    for (const [key, entity] of put) this.#put(partition, contents, key, entity, put)
    for (const { slots, accounts, changed } of contents.groups.values()) {
      if (!changed) continue
      for (const slot of slots) this.#remove(slot)
      const account = writeAccount(inOneHost([...accounts.values()], slots))
      if (account !== undefined) this.#file('Account', msalKey(account.head), account.value, partition)
    }
    for (const entity of put.values()) if ('clientId' in entity) this.#keepOneAppMetadata(entity)
    return true
  }

  /** Removes all of a partition, other libraries' entries of the user too. */
  drop(partition: string): void {
    for (const slot of this.#partitions.get(partition) ?? []) this.#remove(slot)
  }

  /** The partitions with an account of that name or id. */
  findPartitions(index: AccountIndex, value: string): readonly string[] {
    this.#index ??= this.#buildIndex()
    return [...(this.#index.get(indexEntry(index, value)) ?? [])]
  }

  /** All partitions with something in them, but for the shared one. */
  partitions(): readonly string[] {
    return [...this.#partitions.keys()].filter((partition) => partition !== sharedPartition)
  }

  /** @throws {@link CacheError} `ERR_CACHE_WRITE` if it is too large or too deep for one text. */
  serialize(): string {
    const sections = new Set([...firstSections.filter((name) => this.#root.has(name)), ...this.#root.keys()])
    try {
      return JSON.stringify(Object.fromEntries([...sections].map((name) => [name, plain(this.#root.get(name))])))
    } catch {
      throw new CacheError('ERR_CACHE_WRITE', 'the token cache is too large, or nested too deep, for one file', {
        step: 'cache',
        hint: 'Keep each user in a place of its own: a folder of files, or Redis.',
      })
    }
  }

  #checkPut(partition: string, entity: StoredEntity, wholeMembers: ReadonlySet<string>): void {
    checkOwner(partition, entity)
    const isWritable = (section: string): boolean => {
      const member = this.#root.get(section)
      // A null stands for "nothing there": no library means anything else by it.
      return !wholeMembers.has(section) && (member === undefined || member instanceof Map || member.value === null)
    }
    const section = sectionOf(entity)
    const member = this.#root.get(section)
    const hasRoom = isWholeMember(entity) ? !(member instanceof Map) || member.size === 0 : isWritable(section)
    if (hasRoom && ('clientId' in entity ? isWritable('AppMetadata') : true)) return
    throw new CacheError('ERR_CACHE_FORMAT', 'a section of the token cache is not a table of entries', {
      step: 'cache',
      hint: 'Something else than an MSAL library wrote to the cache: move it away, and sign in again.',
    })
  }

  #put(
    partition: string,
    contents: Contents,
    key: string,
    entity: StoredEntity,
    put: ReadonlyMap<string, StoredEntity>,
  ): void {
    const old = contents.entities.get(key)
    const filedUnder = (contents.slots.get(key) ?? []).map((slot) => slot.key ?? '')
    this.#forget(contents, key)
    if (entity.kind === 'Account') {
      const group = groupOf(contents, entity)
      group.accounts.set(key, inheritAccount(entity, old?.kind === 'Account' ? old : undefined))
      group.changed = true
    } else if (entity.kind === 'Sealed') {
      this.#add({ section: sealedSection, key: sealedKey(partition, key), value: writeSealed(entity), partition })
    } else if (entity.kind === 'Foreign') {
      if (entity.key === undefined) this.#add({ section: entity.section, value: entity.value, partition })
      else this.#file(entity.section, entity.key, entity.value, partition)
    } else {
      // Another process may have written one since the change was computed.
      for (const [other, token] of contents.entities) {
        if (!put.has(other) && overlaps(token, entity)) this.#forget(contents, other)
      }
      const texts = entity.kind === 'AccessToken' ? [] : [...filedUnder, entity.msal?.key ?? '']
      const text = chooseKey(entity, texts, this.#dialect)
      this.#file(entity.kind, text, writeEntity(withInherited(entity, old)), partition)
    }
  }

  /** Removes what means this entity. An account is only struck out of its group, whose entry is written at the end. */
  #forget(contents: Contents, key: string): void {
    for (const slot of contents.slots.get(key) ?? []) this.#remove(slot)
    contents.slots.delete(key)
    contents.entities.delete(key)
    for (const group of contents.groups.values()) if (group.accounts.delete(key)) group.changed = true
  }

  /** MSAL Go cannot refresh for a client without app metadata, msal-node not for one with two. */
  #keepOneAppMetadata({ clientId, environment }: { readonly clientId: string; readonly environment: string }): void {
    // Under the host that MSAL Python writes it under at every sign-in: it would add a second one to any other.
    const host = findCloud(environment)?.networkHost ?? environment.toLowerCase()
    const wanted: AppMetadataEntity = { kind: 'AppMetadata', clientId, environment: host }
    const table = this.#root.get(wanted.kind)
    const found: { readonly slot: Slot; readonly entity: AppMetadataEntity }[] = []
    for (const slot of table instanceof Map ? table.values() : []) {
      for (const entity of readMsalEntry(slot).entities) {
        if (entity.kind === 'AppMetadata' && entityKey(entity) === entityKey(wanted)) found.push({ slot, entity })
      }
    }
    if (found.length === 1) return
    const familyId = found.map(({ entity }) => entity.familyId).find((id) => id) ?? found[0]?.entity.familyId
    const fields: JsonTable = Object.fromEntries(found.flatMap(({ entity }) => Object.entries(inheritedFields(entity))))
    for (const { slot } of found) this.#remove(slot)
    const value = writeEntity({ ...wanted, ...(familyId === undefined ? {} : { familyId }), msal: { fields } })
    this.#file(wanted.kind, msalKey(wanted), value, sharedPartition)
  }

  #file(section: string, text: string, value: unknown, partition: string): void {
    const table = this.#root.get(section)
    const key = freeKey(text, (other) => table instanceof Map && table.has(other))
    this.#add({ section, key, value, partition })
  }

  #add(slot: Slot): void {
    if (slot.key === undefined) this.#root.set(slot.section, slot)
    else this.#table(slot.section).set(slot.key, slot)
    const slots = this.#partitions.get(slot.partition)
    if (slots === undefined) this.#partitions.set(slot.partition, new Set([slot]))
    else slots.add(slot)
    if (indexed.includes(slot.section)) this.#index = undefined
  }

  #remove(slot: Slot): void {
    const member = this.#root.get(slot.section)
    // Another entry may have taken its place meanwhile.
    if (member === slot) this.#root.delete(slot.section)
    else if (member instanceof Map && member.get(slot.key ?? '') === slot) member.delete(slot.key ?? '')
    const slots = this.#partitions.get(slot.partition)
    if (slots?.delete(slot) && slots.size === 0) this.#partitions.delete(slot.partition)
    if (indexed.includes(slot.section)) this.#index = undefined
  }

  #table(section: string): Table {
    const member = this.#root.get(section)
    if (member instanceof Map) return member
    if (member !== undefined) this.#remove(member)
    const table: Table = new Map()
    this.#root.set(section, table)
    return table
  }

  #buildIndex(): ReadonlyMap<string, ReadonlySet<string>> {
    const index = new Map<string, Set<string>>()
    for (const section of indexed) {
      const table = this.#root.get(section)
      for (const slot of table instanceof Map ? table.values() : []) {
        for (const entry of readMsalEntry(slot).entities.flatMap(indexEntries)) {
          index.set(entry, (index.get(entry) ?? new Set()).add(slot.partition))
        }
      }
    }
    return index
  }
}

/** As deep as an import reads. Writing goes through what is nested as the engine does, which has an end. */
const maxDepth = 100

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}

function parseRoot(text: string): JsonTable {
  const json = text.replace(/^\ufeff/, '')
  let root: unknown
  try {
    root = json.trim() === '' ? {} : JSON.parse(json)
  } catch {
    // The engine's message quotes the text, and with it tokens.
  }
  if (isTable(root) && !isDeeper(root, maxDepth)) return root
  throw new CacheError('ERR_CACHE_FORMAT', 'the token cache is not one whole JSON object', {
    step: 'cache',
    hint: 'It was cut off, encrypted, or is not an MSAL cache: look at the file, move it away, and sign in again.',
  })
}

function sectionOf(entity: StoredEntity): string {
  if (entity.kind === 'Sealed') return sealedSection
  return entity.kind === 'Foreign' ? entity.section : entity.kind
}

/** Whether an entity is all of a member of the root, instead of an entry in one. */
function isWholeMember(entity: StoredEntity): boolean {
  return entity.kind === 'Foreign' && entity.key === undefined
}

function withInherited<T extends Exclude<KeyedEntity, AccountEntity>>(entity: T, old: StoredEntity | undefined): T {
  if (old === undefined || old.kind !== entity.kind) return entity
  return { ...entity, msal: { fields: { ...inheritedFields(old), ...entity.msal?.fields } } }
}

function plain(member: Table | Slot | undefined): unknown {
  if (!(member instanceof Map)) return member?.value
  return Object.fromEntries([...member].map(([key, { value }]) => [key, value]))
}

/**
 * MSAL Python lists the accounts of one host only, its own before the one that stands for the cloud: an account that it
 * has there must stay there, or it is gone for Python as soon as there is another.
 */
function inOneHost(accounts: readonly AccountEntity[], slots: Iterable<Slot>): readonly AccountEntity[] {
  const hosts = [...slots].flatMap((slot) =>
    readMsalEntry(slot).entities.map((entity) => (entity as AccountEntity).environment),
  )
  const environment = hosts.find((host) => host !== cacheHost(host))
  return environment === undefined ? accounts : accounts.map((account) => ({ ...account, environment }))
}
