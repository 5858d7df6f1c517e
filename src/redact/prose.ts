// What names somebody in a sentence, where no member says what it is.

/** Members with words apart from each other that are no sentence. */
const lists: ReadonlySet<string> = new Set(['scope', 'scp', 'scopes'])

/** Whether a text is one for people: a message, a description. */
export function isProse({ text, name }: { readonly text: string; readonly name: string }): boolean {
  return /\s/.test(text) && !lists.has(name)
}

/** A user as Windows writes it, `CONTOSO\ada`: not the path of a file, which begins with a drive. */
export const logonPattern: RegExp =
  /(?<![\p{L}\p{N}_.\\/-])([\p{L}\p{N}][\p{L}\p{N}_.-]{1,62})\\{1,2}(\p{L}[\p{L}\p{N}_.$-]{0,62}[\p{L}\p{N}_$])/gu

// Endings of hosts inside of a company, in any case; the old generic ones and those of countries, with three labels, as hosts
// mostly have, and in lower case, as names of classes and permissions are not.
const start = String.raw`(?<![\p{L}\p{N}.@_-])`
const end = String.raw`(?![\p{L}\p{N}_-]|\.[\p{L}\p{N}])`
const inner = new RegExp(
  String.raw`${start}(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,8}(?:local|lan|corp|intra|intranet|internal)${end}`,
  'giu',
)
const outer = new RegExp(
  String.raw`${start}(?:[\p{Ll}\p{N}][\p{Ll}\p{N}-]{0,62}\.){1,8}(?:com|net|org|edu|gov|mil|int|info|biz|io|cloud|home|ad|[a-z]{2})${end}`,
  'gu',
)
const generic = /\.(?:com|net|org|edu|gov)$/
/** What has three parts as well, and a last one of two letters. */
const files = /\.(?:js|ts|cs|py|md|sh|so)$/

/** Hosts that a text names without a scheme. */
export function hostsInText(text: string): readonly string[] {
  const named = (text.match(outer) ?? []).filter((host) => generic.test(host) || host.split('.').length > 2)
  return [...(text.match(inner) ?? []), ...named.filter((host) => !files.test(host))]
}

/** URNs whose namespace is nobody's: registered ones (RFC 8141 §6), and those of Microsoft's and of this field's products. */
const commonUrns =
  /^(?:ietf|oasis|iso|uuid|mace|oid|federation|microsoft|com|openid|geant|liberty)$|^(?:ms|schemas|x)-/i
export const urnPattern: RegExp = /\burn:([a-z\d][a-z\d._-]{1,62})(?=:)/giu

export function isCommonUrn(namespace: string): boolean {
  return commonUrns.test(namespace)
}

/**
 * The part of a user name before the `@` that can be nothing else, as it has a dot, a digit or the like among its letters:
 * `ada.lovelace`. Not `payroll` or `sign-in`, which may be the name of something else, nor the number of an error, nor a
 * pseudonym.
 */
export function tellingLocalPart(local: string): string | undefined {
  const name = local.replace(/\+.*$/s, '')
  const isTelling = /^\p{L}[\p{L}\p{N}]*[._][\p{L}\p{N}._-]*[\p{L}\p{N}]$|^(?=.*\d)\p{L}[\p{L}\p{N}]{6,63}$/u.test(name)
  return isTelling && !/^(?:user|aadsts|aadb2c|msis|id)\d+$/i.test(name) ? name.toLowerCase() : undefined
}

/** A word that is a user's name, since the one before it says so. Ids, addresses and the like are not words. */
export const calledPattern: RegExp =
  /\b((?:(?:user|account|logon|principal)(?: name)?:? ){1,3}['"]?)(\p{L}{3,64})(?![\p{L}\p{N}@\\_-]|\.\p{L})/giu
