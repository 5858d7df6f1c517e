import type { StoredEntity } from './entities.ts'
import { type FormEntity, type MsalForm, makeForm } from './msal-form.ts'
import { freeKey, type KeyDialect, parseSealedKey } from './msal-keys.ts'
import { sealedSection, writeMsalEntries } from './msal-schema.ts'

/** A partition as it was read. */
export interface ReadUser {
  readonly partition: string
  /** The keys of the entities, in their order; none where the entities themselves tell. */
  readonly keys: readonly string[]
  readonly entities: readonly StoredEntity[]
}

/** Writes the users' entries of one section as JSON text, with the commas that they need before them. */
export interface SectionWriter {
  /** Adds the text in parts. @returns False where it takes {@link writeWithCare}: nothing is added. */
  write(parts: string[], user: ReadUser): boolean
  writeWithCare(user: ReadUser): Promise<readonly string[]>
}

/** Home account ids as long as Entra's: two of them never make the same key, since a key begins with all of the id. */
const usualId = /^[-.\da-f]*$/
const usualLength = 73

/** Forms that are tried: clients and scopes are few. */
const maxForms = 8
/** A form is worth its making if so many entities fit. */
const worth = 64

/** The table that an entity stands in; `undefined` for a member of the root that is no table. */
export function sectionOf(entity: StoredEntity): string | undefined {
  if (entity.kind === 'Sealed') return sealedSection
  if (entity.kind !== 'Foreign') return entity.kind
  return entity.key === undefined ? undefined : entity.section
}

/** @param read Reads another user, whose keys may be the same. */
export function createSectionWriter(
  section: string,
  read: (partition: string) => Promise<ReadUser>,
  options: { readonly keyDialect?: KeyDialect },
): SectionWriter {
  /** The keys of users whose id does not keep them apart from others, and of entries that are carried along. */
  const taken = new Set<string>()
  let separator = ''

  function entriesOf({ partition, keys, entities }: ReadUser): readonly { key: string; value: unknown }[] {
    const own = entities.map((entity, at) => [keys[at] ?? '', entity] as const)
    const ofSection = own.filter(([, entity]) => sectionOf(entity) === section)
    return writeMsalEntries(partition, ofSection, options).map(({ key = '', value }) => ({ key, value }))
  }

  function separated(entry: string): string {
    const text = separator + entry
    separator = ','
    return text
  }

  function textOf(key: string, value: unknown): string {
    return separated(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }

  const forms: MsalForm[] = []
  /** Of the forms that the user's entities took. */
  const keys: string[] = []
  let budget = worth * worth

  /** Adds the text of an entity by one of the forms, or a new one. @returns The form's key; `undefined` if none fits. */
  function fill(parts: string[], partition: string, entity: StoredEntity): string | undefined {
    if (!hasForm(entity) || entity.homeAccountId !== partition) return undefined
    for (const form of forms) {
      if (!form.fillInto(parts, entity)) continue
      budget += 1
      return form.key
    }
    if (budget < worth) return undefined
    budget -= worth
    const form = makeForm(entity, options)
    if (form === undefined || !form.fillInto(parts, entity)) return undefined
    forms.unshift(form)
    forms.splice(maxForms)
    return form.key
  }

  return {
    write(parts, { partition, entities }) {
      const begin = parts.length
      keys.length = 0
      for (const entity of entities) {
        if (sectionOf(entity) !== section) continue
        const isFirst = keys.length === 0
        const isUsual = isFirst ? usualOwner(partition) === partition : section !== 'Account'
        parts.push(isFirst ? separator : ',')
        const key = isUsual ? fill(parts, partition, entity) : undefined
        if (key === undefined || keys.includes(key)) {
          parts.length = begin
          return false
        }
        keys.push(key)
      }
      if (keys.length > 0) separator = ','
      return true
    },
    async writeWithCare(user) {
      const texts: string[] = []
      for (const { key, value } of entriesOf(user)) {
        const owner = section === sealedSection ? parseSealedKey(key)?.[0] : usualOwner(key)
        if (owner === user.partition) {
          texts.push(textOf(key, value))
          continue
        }
        // The usual user's entry keeps its key, whichever of them is written first.
        const theirs = owner === undefined ? [] : entriesOf(await read(owner)).map((entry) => entry.key)
        const free = freeKey(key, (text) => taken.has(text) || theirs.includes(text))
        taken.add(free)
        texts.push(textOf(free, value))
      }
      return texts
    },
  }
}

function hasForm(entity: StoredEntity): entity is FormEntity {
  return 'homeAccountId' in entity
}

/** The usual id that a key begins with. */
function usualOwner(key: string): string | undefined {
  const id = key.slice(0, usualLength)
  return id.length === usualLength && usualId.test(id) ? id : undefined
}
