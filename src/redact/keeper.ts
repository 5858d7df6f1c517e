import type { LeakScan } from './leak-scan.ts'
import { withheld } from './marker.ts'

/** Says what of a text that may be shown is shown: the text, or that it was withheld. */
export interface Keeper {
  /** A name, an address, an id, a time. */
  value(text: string): string
  /** The words of a server or of a person: here a part of a secret counts too. */
  words(text: string): string
  /** The name of a member, a field or a header that is not known. */
  name(text: string): string
  /** A URL without its query and its user info. */
  address(text: string): string
  /** Whether a text shows a whole secret. */
  shows(text: string): boolean
}

export function createKeeper({ shows, showsPart }: LeakScan): Keeper {
  const value = (text: string): string => (shows(text) ? withheld : text)
  const words = (text: string): string => (showsPart(text) ? withheld : text)
  return {
    shows,
    value,
    address: (text) => {
      const place = text.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')
      // A secret that is cut off by a "?" leaves its first part.
      return shows(text) ? words(place) : place
    },
    words,
    name: (text) => (/^[\w.:/#-]{1,80}$/.test(text) && !showsPart(text) ? text : 'withheld'),
  }
}
