/** Texts and what stands in their place, found in one pass: the longest first, as whole words. */
export interface Finder {
  get(text: string): string | undefined
  has(text: string): boolean
  set(text: string, made: string): void
  replace(text: string): string
}

/** @param flags With `i`, texts are kept in lower case. */
export function createFinder(flags: 'gu' | 'giu'): Finder {
  const all = new Map<string, string>()
  let pattern: RegExp | undefined
  const keyOf = (text: string): string => (flags === 'giu' ? text.toLowerCase() : text)
  return {
    get: (text) => all.get(keyOf(text)),
    has: (text) => all.has(keyOf(text)),
    set(text, made) {
      if (!all.has(keyOf(text))) pattern = undefined
      all.set(keyOf(text), made)
    },
    replace(text) {
      if (all.size === 0) return text
      pattern ??= anyOf(all.keys(), flags)
      return text.replace(pattern, (found) => all.get(keyOf(found)) ?? found)
    },
  }
}

function anyOf(texts: Iterable<string>, flags: string): RegExp {
  const longestFirst = [...texts].sort((a, b) => b.length - a.length)
  const any = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, flags)
}
