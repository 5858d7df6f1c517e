import { CacheError } from '../errors.ts'

/** What a scanner finds. */
export interface JsonEntrySink {
  /**
   * One entry of a table at the root, or (without a key) a member of the root that is no table.
   *
   * @param value What `JSON.parse` makes of it.
   * @param raw The text of the entry, from its key to its end.
   */
  entry(section: string, key: string | undefined, value: unknown, raw: string): void
  /**
   * Takes entries in a faster way.
   *
   * @param at Where the key of an entry begins, at its quote.
   * @returns Where the key of the first entry begins that was not taken: `at` if none was.
   */
  skim?(section: string, text: string, at: number): number
}

/** Reads a JSON text that comes in pieces. */
export interface JsonEntryScanner {
  /** @throws {@link CacheError} `ERR_CACHE_FORMAT` as soon as the text cannot be what it should be. */
  push(piece: string): void
  /** @throws {@link CacheError} `ERR_CACHE_FORMAT` if the text is not complete. */
  end(): void
}

const maxEntry = 1 << 20
const maxKey = 1 << 14
const maxDepth = 100
/** Pieces that go on in the middle of an entry are read in parts of this many characters. */
const maxWindow = 1 << 20
/** Shorter pieces wait for each other until there are this many characters. */
const minWindow = 1 << 16

type Place = 'root' | 'first member' | 'member' | 'after member' | 'first entry' | 'entry' | 'after entry' | 'end'

/**
 * Reads a JSON object of tables (objects of entries) without ever holding more of it than one entry and the piece at hand:
 * each entry is handed on when its end is seen. What it takes for an entry it has `JSON.parse` read.
 *
 * Refuses what `JSON.parse` refuses, and entries over 1 Mi characters, keys over 16 Ki characters, and nesting deeper
 * than 100.
 */
export function createJsonEntryScanner(sink: JsonEntrySink): JsonEntryScanner {
  let place: Place = 'root'
  let section = ''
  let text = ''
  let at = 0
  /** Characters before `text`. */
  let offset = 0
  let waiting: string[] = []
  let waitingLength = 0
  let wanted = minWindow

  function read(): void {
    offset += at
    const rest = text.slice(at)
    text = rest === '' && waiting.length === 1 ? (waiting[0] ?? '') : rest + waiting.join('')
    at = 0
    waiting = []
    waitingLength = 0
    while (step());
    // An entry that grows piece by piece is looked at again only when it has doubled, so the time stays linear.
    wanted = Math.max(minWindow, text.length - at)
  }

  /** One step through the grammar. @returns False if the text ends before the step does. */
  function step(): boolean {
    at = afterBlanks(text, at)
    if (at === text.length) return false
    const character = text[at]
    switch (place) {
      case 'root':
        if (character !== '{') throw malformed('it does not begin with an object', offset + at)
        return go('first member')
      case 'first member':
        return character === '}' ? go('end') : member()
      case 'member':
        return member()
      case 'after member':
        return go(next(character, 'member', 'end'))
      case 'first entry':
        return character === '}' ? go('after member') : entry()
      case 'entry':
        return entry()
      case 'after entry':
        return go(next(character, 'entry', 'after member'))
      case 'end':
        throw malformed('there is text after its end', offset + at)
    }
  }

  function go(to: Place): true {
    at += 1
    place = to
    return true
  }

  function next(character: string | undefined, more: Place, end: Place): Place {
    if (character === ',') return more
    if (character === '}') return end
    throw malformed('a comma or the end of an object is missing', offset + at)
  }

  function member(): boolean {
    const name = readName()
    if (name === undefined) return false
    if (text[name.end] === '{') {
      section = name.name
      at = name.end
      return go('first entry')
    }
    const value = readValue(name.end, 1)
    if (value === undefined) return false
    sink.entry(name.name, undefined, value.value, text.slice(at, value.end))
    at = value.end
    place = 'after member'
    return true
  }

  function entry(): boolean {
    const skimmed = sink.skim?.(section, text, at) ?? at
    if (skimmed > at) {
      at = skimmed
      place = 'entry'
    }
    const name = readName()
    if (name === undefined) return false
    const value = readValue(name.end, 2)
    if (value === undefined) return false
    sink.entry(section, name.name, value.value, text.slice(at, value.end))
    at = value.end
    place = 'after entry'
    return true
  }

  /** A name and where its value begins; `undefined` if the text ends before that. */
  function readName(): { readonly name: string; readonly end: number } | undefined {
    if (text[at] !== '"') throw malformed('a name in quotes is missing', offset + at)
    const close = endOfString(text, at)
    if ((close === undefined ? text.length : close) - at > maxKey) {
      throw malformed(`a key is longer than ${maxKey} characters`, offset + at)
    }
    if (close === undefined) return undefined
    const colon = afterBlanks(text, close)
    if (colon === text.length) return undefined
    if (text[colon] !== ':') throw malformed('a colon is missing', offset + colon)
    const end = afterBlanks(text, colon + 1)
    return end === text.length ? undefined : { name: parse(at, close) as string, end }
  }

  /** A value and where it ends; `undefined` if the text ends before that. */
  function readValue(start: number, depth: number): { readonly value: unknown; readonly end: number } | undefined {
    const end = endOfValue(text, start, maxDepth - depth)
    if (end === 'too deep') throw malformed(`it is nested deeper than ${maxDepth}`, offset + start)
    if ((end ?? text.length) - at > maxEntry) {
      throw malformed(`an entry is longer than ${maxEntry} characters`, offset + at)
    }
    return end === undefined ? undefined : { value: parse(start, end), end }
  }

  function parse(start: number, end: number): unknown {
    try {
      return JSON.parse(text.slice(start, end))
    } catch {
      // The engine's own message quotes the text, which holds tokens.
      throw malformed('an entry is no JSON', offset + start)
    }
  }

  return {
    push(piece) {
      // What is whole need not be copied, however long it is.
      const window = at === text.length && waitingLength === 0 ? piece.length : maxWindow
      for (let start = 0; start < piece.length; start += window) {
        const part = piece.slice(start, start + window)
        waiting.push(part)
        waitingLength += part.length
        if (waitingLength >= wanted) read()
      }
    },
    end() {
      read()
      if (place !== 'end') throw malformed('it ends too early', offset + text.length)
    },
  }
}

/** The error for a text that cannot be read. @param what What is wrong, without anything of the text. */
export function malformed(what: string, at: number, unit: 'character' | 'byte' = 'character'): CacheError {
  return new CacheError('ERR_CACHE_FORMAT', `this is no MSAL cache: ${what}, at ${unit} ${at}`, {
    step: 'cache',
    hint: 'Take the file from a backup, or delete it and sign the users in again.',
  })
}

function afterBlanks(text: string, at: number): number {
  let end = at
  while (end < text.length && isBlank(text.charCodeAt(end))) end += 1
  return end
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Where the string ends that begins at a quote, after its last quote; `undefined` if not in this text. */
function endOfString(text: string, at: number): number | undefined {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (text[quote - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return quote + 1
  }
  return undefined
}

/** Where a value ends if it is well formed; if it is not, anywhere. `undefined` if that is not in this text. */
function endOfValue(text: string, start: number, maxDepth: number): number | 'too deep' | undefined {
  if (text[start] === '"') return endOfString(text, start)
  const mark = /["[\]{}]/g
  mark.lastIndex = start
  if (!mark.test(text) || mark.lastIndex !== start + 1) return endOfBareValue(text, start)
  let depth = 1
  while (depth > 0) {
    const found = mark.exec(text)?.[0]
    if (found === undefined) return undefined
    if (found === '"') {
      const end = endOfString(text, mark.lastIndex - 1)
      if (end === undefined) return undefined
      mark.lastIndex = end
    } else {
      depth += found === '{' || found === '[' ? 1 : -1
      if (depth > maxDepth) return 'too deep'
    }
  }
  return mark.lastIndex
}

/** The end of a number, `true`, `false` or `null`. */
function endOfBareValue(text: string, start: number): number | undefined {
  const end = /[\s,}\]]/g
  end.lastIndex = start
  return end.test(text) ? end.lastIndex - 1 : undefined
}
