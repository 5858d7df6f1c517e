/** Keeps one copy of what repeats over users. Forgets all at once when it is full, so that nobody can make it grow. */
export interface Interning {
  /** The same string object for equal texts. The member it is for is a hint: mostly it is what it was the last time. */
  text(value: string, member?: 'environment' | 'clientId' | 'tenantId' | 'askedScopes'): string
  /** The same frozen array for equal lists of scopes. */
  scopes(values: readonly string[]): readonly string[]
  /** The same frozen array for equal lists of entity keys. */
  keys(values: readonly string[]): readonly string[]
}

const maxTexts = 4_096
const maxLists = 1_024
/** Longer texts are not kept: they are no host, id or key that many users share. */
const maxLength = 1_024

export function createInterning(): Interning {
  const texts = new Map<string, string>()
  const lasts = { environment: '', clientId: '', tenantId: '', askedScopes: '' }
  const text: Interning['text'] = (value, member) => {
    if (member === undefined) return lookUp(value)
    // Comparing with one text is quicker than hashing.
    if (lasts[member] !== value) lasts[member] = lookUp(value)
    return lasts[member]
  }

  function lookUp(value: string): string {
    if (value.length > maxLength) return value
    const known = texts.get(value)
    if (known !== undefined) return known
    if (texts.size >= maxTexts) texts.clear()
    texts.set(value, value)
    return value
  }

  return { text, scopes: createLists(lookUp), keys: createLists(lookUp) }
}

function createLists(text: (value: string) => string): (values: readonly string[]) => readonly string[] {
  const lists = new Map<string, readonly string[]>()
  // The last list of each length: with few scopes and clients that is the one, and comparing is quicker than hashing.
  const recent: (readonly string[] | undefined)[] = []
  return (values) => {
    const last = recent[values.length]
    if (last !== undefined && areEqual(last, values)) return last
    const joined = values.join('\n')
    const known = lists.get(joined)
    // A line end within a text could make two lists look the same.
    const same = known !== undefined && areEqual(known, values)
    const shared = same ? known : Object.freeze(values.map(text))
    if (joined.length > 4 * maxLength || values.length > 32) return shared
    recent[values.length] = shared
    if (same) return shared
    if (lists.size >= maxLists) lists.clear()
    lists.set(joined, shared)
    return shared
  }
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
