import type { Keeper } from './keeper.ts'
import { fieldRules } from './known-names.ts'
import { notShown, withheld } from './marker.ts'
import { redactText } from './redact-json.ts'

/** Redacts a form or a query, field by field. What may be seen stays as it was written, whatever its percent-encoding. */
export function redactForm(form: string, keeper: Keeper): string {
  return form
    .split('&')
    .map((pair) => redactPair(pair, keeper))
    .join('&')
}

function redactPair(pair: string, keeper: Keeper): string {
  if (pair === '') return pair
  // A "?" at the head would be taken for the start of a query.
  const [[name, value] = ['', '']] = new URLSearchParams(`&${pair}`)
  const known = name.toLowerCase()
  const rule = fieldRules.get(known)
  const shownName = rule === undefined ? keeper.name(name) : name
  const shown = rule === undefined ? notShown : redactText(value, known, rule, keeper)
  return shownName === name && shown === value ? pair : new URLSearchParams([[shownName, shown]]).toString()
}

/** Stands for a URL that shows a secret: it can be read as one, and leads nowhere. */
const withheldUrl = `https://withheld.invalid/${encodeURIComponent(withheld)}`

/** Redacts a URL: of the query what may be seen; user info and fragment go. */
export function redactUrl(text: string, keeper: Keeper): string {
  const [place = '', ...query] = text.replace(/#.*$/s, '').split('?')
  const shownPlace = keeper.address(place)
  if (shownPlace === withheld || !URL.canParse(shownPlace)) return withheldUrl
  const shown = query.length === 0 ? shownPlace : `${shownPlace}?${redactForm(query.join('?'), keeper)}`
  return keeper.shows(shown) ? withheldUrl : shown
}
