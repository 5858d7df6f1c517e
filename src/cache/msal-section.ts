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

/** Writes the users' entries of one section, each as JSON text with the comma that it needs before it. */
export interface SectionWriter {
  /** @returns `undefined` where it takes {@link writeWithCare}. */
  write(user: ReadUser): readonly string[] | undefined
  writeWithCare(user: ReadUser): Promise<readonly string[]>
}

/** Entra's home account ids: two of them never make the same key, since a key begins with all of the id. */
const usualId = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/

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
  let budget = worth * worth

  /** The text of an entity by one of the forms, or a new one. */
  function fill(partition: string, entity: StoredEntity): { readonly key: string; readonly text: string } | undefined {
    if (!hasForm(entity) || entity.homeAccountId !== partition) return undefined
    for (const form of forms) {
      const text = form.fill(entity)
      if (text === undefined) continue
      budget += 1
      return { key: form.key, text }
    }
    if (budget < worth) return undefined
    budget -= worth
    const form = makeForm(entity, options)
    const text = form?.fill(entity)
    if (form === undefined || text === undefined) return undefined
    forms.unshift(form)
    forms.splice(maxForms)
    return { key: form.key, text }
  }

  return {
    write({ partition, entities }) {
      const own = entities.filter((entity) => sectionOf(entity) === section)
      if (own.length === 0) return []
      if (usualId.exec(partition)?.[0] !== partition || (section === 'Account' && own.length > 1)) return undefined
      const keys: string[] = []
      const texts: string[] = []
      for (const entity of own) {
        const filled = fill(partition, entity)
        if (filled === undefined || keys.includes(filled.key)) return undefined
        keys.push(filled.key)
        texts.push(filled.text)
      }
      return texts.map(separated)
    },
    async writeWithCare(user) {
      const texts: string[] = []
      for (const { key, value } of entriesOf(user)) {
        const owner = section === sealedSection ? parseSealedKey(key)?.[0] : usualId.exec(key)?.[0]
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
