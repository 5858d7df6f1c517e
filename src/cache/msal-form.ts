import type { StoredEntity } from './entities.ts'
import { createClientInfoWriter } from './msal-account.ts'
import { homeTenant, type KeyDialect } from './msal-keys.ts'
import { writeMsalEntries } from './msal-schema.ts'

/** The entities that there is one of for each user, or more: those that are worth a form. */
export type FormEntity = Extract<StoredEntity, { kind: 'Account' | 'AccessToken' | 'IdToken' | 'RefreshToken' }>

/**
 * An entry of an MSAL cache with blanks for what differs from user to user: its text for another entity that is the same in
 * all else.
 */
export interface MsalForm {
  /** The key, behind what it begins with: the home account id. */
  readonly key: string
  /** The text of an entity's entry; `undefined` for one that does not fit. */
  fill(entity: FormEntity): string | undefined
  /**
   * Adds the text in parts, for an entity whose home account id has nothing but small letters, digits, `-`, `.` and `_`.
   *
   * @returns False for an entity that does not fit: nothing is added.
   */
  fillInto(parts: string[], entity: FormEntity): boolean
}

type Members = Readonly<Record<string, unknown>>

/** Members that differ from user to user; all others must be the same. */
const texts: ReadonlySet<string> = new Set(['secret', 'localAccountId', 'username', 'name', 'signInName'])
const instants: ReadonlySet<string> = new Set(['cachedAt', 'expiresOn', 'extendedExpiresOn', 'refreshOn'])

/** Ids that stand in a key as they are. */
const plainId = /^[-._0-9a-z]{1,200}$/
// Nothing that JSON escapes, so that it also stands in a text within a text as it is.
const plainText = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/
const blank = /blank-8d1c5e0b-(\d+)-|"8100000000000(\d{3})"/

/** Makes a form of an entity that stands alone in its entry. @returns `undefined` for one that is not simple enough. */
export function makeForm(model: FormEntity, options: { readonly keyDialect?: KeyDialect }): MsalForm | undefined {
  const { homeAccountId, msal } = model
  if (!plainId.test(homeAccountId) || msal?.key !== undefined) return undefined
  // The tenant in the id decides about more than the key, so it is the same for all.
  const utid = homeTenant(homeAccountId)
  const tail = utid === undefined ? '' : `.${utid}`
  const withInfo = model.kind === 'Account' && msal?.fields?.['client_info'] === undefined && utid !== undefined

  // What is to be filled in, in the order of its blanks' numbers; the rest of the id is the first.
  const open = Object.keys(model).filter((name) => texts.has(name) || instants.has(name))
  const marked: Record<string, unknown> = { ...model, homeAccountId: `blank-8d1c5e0b-0-${tail}` }
  for (const [index, name] of open.entries()) {
    marked[name] = texts.has(name) ? `blank-8d1c5e0b-${index + 1}-` : 8_100_000_000_000_001 + index
  }
  if (withInfo)
    marked['msal'] = { ...msal, fields: { ...msal?.fields, client_info: `blank-8d1c5e0b-${open.length + 1}-` } }
  const [entry] = writeMsalEntries(`blank-8d1c5e0b-0-${tail}`, [['', marked as unknown as FormEntity]], options)
  const key = entry?.key ?? ''
  const parts = `${JSON.stringify(key)}:${JSON.stringify(entry?.value)}`.split(blank)
  const literals: string[] = []
  const numbers: number[] = []
  for (let index = 0; index < parts.length; index += 3) {
    // An instant's blank has taken its quotes along.
    const [before, after] = [index > 0 && parts[index - 1] !== undefined, parts[index + 2] !== undefined]
    literals.push(`${before ? '"' : ''}${parts[index] ?? ''}${after ? '"' : ''}`)
    if (index + 2 < parts.length) numbers.push(Number(parts[index + 1] ?? parts[index + 2]))
  }
  // Each must be there as often as the format has it: a text that looks like a blank would be taken for one.
  const wanted = [2, ...open.map((name) => (isTwice(name) ? 2 : 1)), ...(withInfo ? [1] : [])]
  const isComplete = wanted.every((count, index) => numbers.filter((number) => number === index).length === count)
  if (!isComplete || numbers.length !== wanted.reduce((sum, count) => sum + count, 0)) return undefined

  const isOpen = new Set(['homeAccountId', 'scopes', ...open])
  const fixed = Object.entries(model).filter(([name]) => !isOpen.has(name))
  const size = Object.keys(model).length
  const values: string[] = []
  const clientInfoOf = createClientInfoWriter()

  return {
    key: key.slice(key.indexOf(tail, 1)),
    fill(entity) {
      const parts: string[] = []
      return plainId.test(entity.homeAccountId) && fillInto(parts, entity) ? parts.join('') : undefined
    },
    fillInto,
  }

  function fillInto(into: string[], entity: FormEntity): boolean {
    const id = entity.homeAccountId
    const isHere = utid === undefined ? homeTenant(id) === utid : id.length > tail.length && id.endsWith(tail)
    if (!isHere || !isSame(entity)) return false
    values[0] = id.slice(0, id.length - tail.length)
    for (let index = 0; index < open.length; index += 1) {
      const value = (entity as unknown as Members)[open[index] as string]
      if (typeof value === 'string' ? !plainText.test(value) : !isInstant(value)) return false
      values[index + 1] = String(value)
    }
    if (withInfo) values[open.length + 1] = clientInfoOf(id) ?? ''
    into.push(literals[0] as string)
    for (let index = 0; index < numbers.length; index += 1) {
      into.push(values[numbers[index] as number] as string, literals[index + 1] as string)
    }
    return true
  }

  /** Whether an entity has the same members, and all that are not open are the same. */
  function isSame(entity: FormEntity): boolean {
    for (const [name, value] of fixed) if ((entity as unknown as Members)[name] !== value) return false
    if (model.kind === 'AccessToken' && !(entity.kind === model.kind && isSameList(entity.scopes, model.scopes)))
      return false
    for (const name of open) if ((entity as unknown as Members)[name] === undefined) return false
    let count = 0
    for (const _ in entity) count += 1
    return count === size
  }
}

function isTwice(name: string): boolean {
  return name === 'localAccountId' || name === 'username' || name === 'name'
}

function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, index) => text === b[index]))
}
