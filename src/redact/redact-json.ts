import type { Keeper } from './keeper.ts'
import { memberRules, type Rule } from './known-names.ts'
import { marker, notShown } from './marker.ts'
import { redactInfo, redactToken } from './redact-jwt.ts'

/** Redacts a JSON answer: each member by the rule of its name. @returns `undefined` when it cannot be parsed. */
export function redactJson(text: string, keeper: Keeper): string | undefined {
  const json = parseJson(text)
  return json === undefined ? undefined : JSON.stringify(redactValue(json, '', 'value', keeper, memberRules))
}

/** Redacts the text of JSON whose members nobody knows beforehand: a claims request or challenge. */
function redactClaimsRequest(text: string, keeper: Keeper): string {
  const json = parseJson(text)
  return json === undefined ? notShown : JSON.stringify(redactValue(json, '', 'value', keeper))
}

type Rules = ReadonlyMap<string, Rule>

// Structure and types stay, so that a reader goes right or wrong with it as with the original.
function redactValue(value: unknown, name: string, rule: Rule, keeper: Keeper, rules?: Rules): unknown {
  if (typeof value === 'string') return redactText(value, name, rule, keeper)
  const isSecret = rule === 'secret' || rule === 'token' || rule === 'info'
  if (Array.isArray(value)) return isSecret ? [] : value.map((item) => redactValue(item, name, rule, keeper, rules))
  if (typeof value === 'object' && value !== null) return isSecret ? {} : redactMembers(value, keeper, rules)
  if (typeof value === 'number') return isSecret || keeper.shows(String(value)) ? 0 : value
  return isSecret && value === true ? false : value
}

function redactMembers(object: object, keeper: Keeper, rules?: Rules): Readonly<Record<string, unknown>> {
  const members = Object.entries(object).map(([name, value]: [string, unknown]) => {
    if (rules === undefined) return [keeper.name(name), redactValue(value, name, 'value', keeper)]
    const rule = rules.get(name)
    if (rule === undefined) return [keeper.name(name), value === null ? null : notShown]
    return [name, redactValue(value, name, rule, keeper, rules)]
  })
  // Makes own members of every name, "__proto__" too.
  return Object.fromEntries(members)
}

/** Redacts a text by a rule. @param name What it is, for the stand-in. */
export function redactText(text: string, name: string, rule: Rule, keeper: Keeper): string {
  switch (rule) {
    case 'value':
      return keeper.value(text)
    case 'words':
      return keeper.words(text)
    case 'address':
      return keeper.address(text)
    case 'claims':
      return redactClaimsRequest(text, keeper)
    case 'token':
      return redactToken(name, text, keeper)
    case 'info':
      return redactInfo(text, keeper) ?? marker(name, text)
    case 'secret':
      return marker(name, text)
  }
}

function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
