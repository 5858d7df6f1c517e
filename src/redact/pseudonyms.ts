import { createFinder } from './finder.ts'
import * as ids from './identifiers.ts'
import { isProtocolWord } from './known-names.ts'
import * as prose from './prose.ts'
import { type Leaf, walkJson, walkTexts } from './walk-texts.ts'

/** Replaces people, tenants, hosts and ids by stable pseudonyms: the same everywhere in one document. */
export interface Pseudonyms {
  text(text: string): string
  /** A JSON value, deep: first all of it is searched for identifiers, then each text is written anew. */
  value<T>(json: T): T
}

/**
 * Makes the pseudonyms of one document.
 *
 * At level `share`: `user1@tenant1.example` for a user, `tenant1.example` for a domain, `sts1.tenant1.example` for a host of it,
 * `Person 1` for a name, invented GUIDs, addresses, SIDs and thumbprints. What is the same for everybody stays: the hosts of Entra,
 * names of standards, ids of Microsoft's resources. Works inside URLs, forms, JSON, XML, tokens and `client_info`. What is a
 * pseudonym already stays as it is.
 *
 * At level `team`: the names of people and their mail addresses become `[name]`, where a claim says that they are; all else,
 * user names too, stays.
 */
export function createPseudonyms(level: 'share' | 'team' = 'share'): Pseudonyms {
  const names = createNames()
  const learn = ({ text, name, isClaim }: Leaf): string => {
    if (level === 'share') names.learn({ text, name, isClaim })
    return text
  }
  const write = (leaf: Leaf): string => (level === 'share' ? names.write(leaf) : blankName(leaf))
  return {
    text(text) {
      walkTexts(text, learn)
      return walkTexts(text, write)
    },
    value<T>(json: T): T {
      walkJson(json, learn)
      return walkJson(json, write) as T
    },
  }
}

function blankName({ text, name, isClaim }: Leaf): string {
  return isClaim && text !== '' && (ids.personNames.has(name) || ids.mailNames.has(name)) ? '[name]' : text
}

const kinds = ['user', 'tenant', 'sts', 'host', 'app', 'Person ', 'Organization ', 'id-'] as const
type Kind = (typeof kinds)[number] | 'guid' | 'ip' | 'ipv6' | 'sid' | 'hex'

const numbered = new RegExp(`\\b(${kinds.join('|')})(\\d{1,6})\\b`, 'g')
const ownGuid = /^00000000-0000-4000-9000-([0-9a-f]{12})$/i
const ownHost =
  /^(?:(?:sts|host)\d+\.)?tenant\d+\.(?:example|onmicrosoft|b2clogin|ciamlogin|sharepoint|vault|azurewebsites|partner)\b/i

/** The pseudonyms that were given so far. */
function createNames(): { learn(leaf: Leaf): void; write(leaf: Leaf): string } {
  const given = new Map<string, string>()
  const counts = new Map<Kind, number>()
  /** Hosts in the order they were met, and whether they speak for a federation server. */
  const hosts = new Map<string, boolean>()
  /** Texts that are looked for everywhere, in this order: ids, names in which the case does not matter, single names. */
  const exact = { ids: createFinder('gu'), anyCase: createFinder('giu'), words: createFinder('gu') }
  /** User names that are of no form, as mail addresses may be: looked for before anything that is a part of them. */
  const oddUsers = createFinder('giu')
  /** Local parts of user names, which are looked for in sentences: elsewhere they may be the name of something else. */
  const locals = createFinder('giu')
  /** Those that are words as others, which are looked for behind "user" and the like. */
  const called = new Map<string, string>()
  /** Hosts whose pseudonym was given. */
  let hostsGiven = 0

  const give = (kind: Kind, key: string, make: (count: number) => string): string => {
    const known = given.get(`${kind} ${key}`)
    if (known !== undefined) return known
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const made = make(count)
    given.set(`${kind} ${key}`, made)
    return made
  }
  const reserve = (kind: Kind, count: number): void => {
    if (count > (counts.get(kind) ?? 0)) counts.set(kind, count)
  }

  const label = (original: string): string => {
    const lower = original.toLowerCase()
    if (/^tenant\d+$/.test(lower)) return lower
    const made = exact.anyCase.get(lower) ?? give('tenant', lower, (count) => `tenant${count}`)
    if (ids.ownLabel(`${lower}.`) !== undefined && !exact.anyCase.has(lower)) exact.anyCase.set(lower, made)
    return made
  }

  const domain = (original: string): string => {
    const lower = original.toLowerCase()
    if (ids.isPublicHost(lower) || ownHost.test(lower)) return original
    const [own, service] = ids.splitTenantHost(lower) ?? []
    if (own !== undefined) return `${guidOr(own, label)}.${service}`
    const known = given.has(`tenant ${lower}`)
    const made = give('tenant', lower, (count) => `tenant${count}.example`)
    const word = ids.ownLabel(lower)
    if (!known && word !== undefined && !exact.anyCase.has(word)) {
      exact.anyCase.set(word, made.replace('.example', ''))
    }
    return made
  }

  // The tenant's own domain is a part of a host's name: the longest that is known, or else the last two labels.
  const host = (original: string): string => {
    const lower = original.toLowerCase()
    if (ids.isPublicHost(lower) || ownHost.test(lower)) return original
    if (ids.splitTenantHost(lower) !== undefined || given.has(`tenant ${lower}`)) return domain(lower)
    const labels = lower.split('.')
    const above = labels.map((_, index) => labels.slice(index + 1).join('.'))
    const base = above.find((name) => given.has(`tenant ${name}`)) ?? labels.slice(-2).join('.')
    if (base === lower) return domain(lower)
    const kind = hosts.get(lower) === true ? 'sts' : 'host'
    return give(kind, lower, (count) => `${kind}${count}.${domain(base)}`)
  }

  const user = (original: string): string => {
    const at = original.lastIndexOf('@')
    // Quotes and the like before a name are not a part of it.
    const [, before = '', local = ''] = /^(['.!#^~+-]*)(.*)$/s.exec(original.slice(0, at)) ?? []
    const place = original.slice(at + 1)
    const [, guest, home] = /^(.+)_([^_]+)#EXT#$/i.exec(local) ?? []
    const own = guest === undefined ? `${local}@${place}` : `${guest}@${home}`
    const isOwn = /^user\d+$/.test(guest ?? local) && ownHost.test(home ?? place)
    const name = isOwn ? (guest ?? local) : give('user', own.toLowerCase(), (count) => `user${count}`)
    if (!isOwn) localPart(guest ?? local, name)
    return `${before}${guest === undefined ? name : `${name}_${domain(home ?? '')}#EXT#`}@${domain(place)}`
  }

  const localPart = (local: string, made: string): void => {
    const telling = prose.tellingLocalPart(local)
    if (telling === undefined) called.set(local.toLowerCase(), called.get(local.toLowerCase()) ?? made)
    else if (!locals.has(telling)) locals.set(telling, made)
  }
  const userByName = (found: string, before: string, name: string): string => {
    const made = called.get(name.toLowerCase())
    return made === undefined ? found : `${before}${made}`
  }
  const logon = (whole: string, place: string, name: string): string => {
    const written = exact.anyCase.get(whole)
    if (written !== undefined || /^tenant\d+\\user\d+$/.test(whole)) return written ?? whole
    const known = locals.get(name) ?? called.get(name.toLowerCase())
    const made = known ?? give('user', whole.toLowerCase(), (count) => `user${count}`)
    if (known === undefined) localPart(name, made)
    return `${label(place)}\\${made}`
  }

  const guid = (original: string): string => {
    if (ids.isPublicId(original) || ownGuid.test(original)) return original
    return give('guid', original.toLowerCase(), (count) => `00000000-0000-4000-9000-${hex(count, 12)}`)
  }
  const guidOr = (text: string, otherwise: (text: string) => string): string =>
    new RegExp(`^${ids.guidPattern.source}$`, 'i').test(text) ? guid(text) : otherwise(text)

  const digits = (original: string): string => {
    if (/^0{20}/.test(original)) return original
    const { length } = original
    if (length === 32)
      return guid(original.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')).replaceAll('-', '')
    return give('hex', original.toLowerCase(), (count) => hex(count, length))
  }
  const ipv4 = (original: string): string => {
    const octets = original.split('.').map(Number)
    const stays =
      octets.some((octet) => octet > 255) || /^(127\.|0\.0\.0\.0$|192\.0\.2\.|198\.51\.100\.)/.test(original)
    if (stays) return original
    return give('ip', original, (count) => (count < 255 ? `192.0.2.${count}` : `198.51.100.${count % 255}`))
  }
  const ipv6 = (original: string): string => {
    if (!URL.canParse(`http://[${original}]/`) || /^::1?$|^2001:db8:/i.test(original)) return original
    const { hostname } = new URL(`http://[${original}]/`)
    return give('ipv6', hostname, (count) => `2001:db8::${count.toString(16)}`)
  }
  const sid = (original: string): string =>
    original.startsWith('S-1-5-21-0-0-0-')
      ? original
      : give('sid', original, (count) => `S-1-5-21-0-0-0-${1_000 + count}`)
  const app = (original: string): string =>
    original.includes('.') || /^app\d+$/.test(original) || hasForm(original)
      ? original
      : give('app', original.toLowerCase(), (count) => `app${count}`)

  /** What a text becomes as a whole, by the name it stands under. */
  const whole = ({ text, name, isClaim }: Leaf): string | undefined => {
    if (isOddUser(text, name)) return oddUser(text)
    if (ids.describingNames.has(name)) return text.trim() === '' || own(text) ? undefined : opaque(text)
    if (text.trim().length < 2 || text.startsWith('[') || /@|^https?:|^urn:/i.test(text) || hasForm(text))
      return undefined
    if (ids.personNames.has(name)) return isClaim && !own(text) ? person(text) : undefined
    if (ids.organisationNames.has(name)) return own(text) ? undefined : organisation(text)
    if (ids.userNames.has(name))
      return own(text)
        ? undefined
        : anyCase(
            text,
            give('user', text.toLowerCase(), (count) => `user${count}`),
          )
    if (ids.idNames.has(name)) return own(text) ? undefined : opaque(text)
    return undefined
  }
  const oddUser = (text: string): string => {
    const made = give('user', text.toLowerCase(), (count) => `user${count}`)
    const place = text.slice(text.lastIndexOf('@') + 1)
    const full = ids.isDomainSegment(place) ? `${made}@${domain(place)}` : made
    oddUsers.set(text.toLowerCase(), full)
    return full
  }
  const anyCase = (text: string, made: string): string => {
    if (text.length >= 3 && !isProtocolWord(text) && !exact.anyCase.has(text.toLowerCase()))
      exact.anyCase.set(text.toLowerCase(), made)
    return made
  }
  // A single word may be a word of the language too: it is a name only with its capital letter.
  const person = (text: string): string => {
    const made = give('Person ', text.toLowerCase(), (count) => `Person ${count}`)
    if (/\s/.test(text)) return anyCase(text, made)
    if (text.length >= 3 && !isProtocolWord(text)) exact.words.set(text, made)
    return made
  }
  const organisation = (text: string): string =>
    anyCase(
      text,
      give('Organization ', text.toLowerCase(), (count) => `Organization ${count}`),
    )
  const opaque = (text: string): string => {
    const made = give('id-', text, (count) => `id-${count}`)
    if (text.length >= 6) exact.ids.set(text, made)
    return made
  }

  return {
    learn(leaf) {
      const { text, name } = leaf
      if (isOddUser(text, name)) return void whole(leaf)
      for (const [, kind, count] of text.matchAll(numbered)) reserve(kind as Kind, Number(count))
      for (const found of text.match(ids.guidPattern) ?? []) {
        reserve('guid', Number.parseInt(ownGuid.exec(found)?.[1] ?? '0', 16))
      }
      for (const found of text.match(ids.userPattern) ?? []) user(found)
      if (ids.domainNames.has(name) && ids.isDomainSegment(text)) domain(text)
      for (const [, place = '', path = ''] of text.matchAll(ids.urlPattern)) {
        const segments = ids.mayNameTenants(place) ? path.split('/') : []
        for (const segment of segments) if (ids.isDomainSegment(segment)) domain(segment)
        // A sentence may end behind it.
        const lower = place.toLowerCase().replace(/\.$/, '')
        if (lower.length > longestHost) continue
        hosts.set(lower, hosts.get(lower) === true || /^\/adfs\b/i.test(path))
      }
      for (const place of isSpoken(leaf) ? prose.hostsInText(text) : []) {
        if (!hosts.has(place.toLowerCase())) hosts.set(place.toLowerCase(), false)
      }
      for (const [, place = ''] of text.matchAll(ids.appPattern)) {
        if (place.includes('.') && ids.isDomainSegment(place) && !hosts.has(place.toLowerCase()))
          hosts.set(place.toLowerCase(), false)
      }
      for (const [found, place = '', local = ''] of text.matchAll(prose.logonPattern)) logon(found, place, local)
      for (const pattern of ids.namedPatterns) {
        for (const [, called = ''] of text.matchAll(pattern))
          if (!own(called) && !hasOwnForm(called) && !exact.anyCase.has(called)) organisation(called)
      }
      whole(leaf)
    },
    write(leaf) {
      const known = whole(leaf)
      if (known !== undefined) return known
      // Only now all domains are known.
      if (hostsGiven < hosts.size) for (const place of hosts.keys()) if (place.includes('.')) host(place)
      hostsGiven = hosts.size
      const written = oddUsers
        .replace(leaf.text)
        .replace(ids.userPattern, user)
        .replace(ids.guidPattern, guid)
        .replace(ids.hexPattern, digits)
        .replace(ids.sidPattern, sid)
        .replace(ids.ipv6Pattern, ipv6)
        .replace(ids.ipv4Pattern, ipv4)
        .replace(ids.hostPattern, (found) => (knownHost(found, hosts, given) ? host(found) : found))
        .replace(ids.appPattern, (_, name: string) => `api://${app(name)}`)
        .replace(prose.logonPattern, logon)
        .replace(singleLabel, (found, scheme: string, place: string) =>
          isSingle(place) ? `${scheme}${give('host', place.toLowerCase(), (count) => `host${count}`)}` : found,
        )
        .replace(prose.urnPattern, (found, namespace: string) =>
          prose.isCommonUrn(namespace) || ownHost.test(namespace)
            ? found
            : `urn:${namespace.includes('.') ? domain(namespace) : label(namespace)}`,
        )
      const spoken = isSpoken(leaf) ? locals.replace(written).replace(prose.calledPattern, userByName) : written
      return exact.words.replace(exact.anyCase.replace(exact.ids.replace(spoken)))
    },
  }
}

/** Where names are looked for that have no form of their own: in sentences, and in what stands under no name. */
function isSpoken(leaf: Leaf): boolean {
  return leaf.name === '' || prose.isProse(leaf)
}

/** A host inside of a company, as a URL may name it. */
const singleLabel = /\b(https?:\/\/)([\p{L}\p{N}][\p{L}\p{N}-]{0,62})(?![\p{L}\p{N}_@%-]|\.[\p{L}\p{N}])/giu

function isSingle(place: string): boolean {
  return !ids.isPublicHost(place) && !hasForm(place) && !/^host\d+$/i.test(place)
}

/** RFC 1035 §2.3.4, as text. */
const longestHost = 253

function knownHost(found: string, hosts: ReadonlyMap<string, boolean>, given: ReadonlyMap<string, string>): boolean {
  const lower = found.toLowerCase()
  if (lower.length > longestHost) return false
  if (hosts.has(lower) || ids.splitTenantHost(lower) !== undefined) return true
  const labels = lower.split('.')
  return labels.some((_, index) => given.has(`tenant ${labels.slice(index).join('.')}`))
}

/** Whether a text is recognised wherever it stands. */
function hasForm(text: string): boolean {
  return [ids.guidPattern, ids.sidPattern, ids.hexPattern].some((pattern) => text.search(pattern) !== -1)
}

/** Whether a text is an id, a domain, a URL or a user name, which have pseudonyms of their own, or stands in for something. */
function hasOwnForm(text: string): boolean {
  return hasForm(text) || /[@/:[\]]|^[\w-]+(?:\.[\w-]+)+$|^(?:tenant|app)\d+$/.test(text) || isProtocolWord(text)
}

/** Whether a text is a user name with more than what {@link ids.userPattern} finds. */
function isOddUser(text: string, name: string): boolean {
  return ids.userNames.has(name) && text.includes('@') && text.replace(ids.userPattern, '') !== ''
}

/** Whether a text is a pseudonym. */
function own(text: string): boolean {
  return /^(?:user\d+|tenant\d+\\user\d+|Person \d+|Organization \d+|id-\d+)$/.test(text)
}

function hex(count: number, length: number): string {
  return count.toString(16).padStart(length, '0')
}
