// What names somebody in a sentence, where no member says what it is.

/** Members with words apart from each other that are no sentence. */
const lists: ReadonlySet<string> = new Set(['scope', 'scp', 'scopes'])

/** Whether a text is one for people: a message, a description. */
export function isProse({ text, name }: { readonly text: string; readonly name: string }): boolean {
  return /\s/.test(text) && !lists.has(name)
}

/** A user as Windows writes it, `CONTOSO\ada`: not the path of a file, which begins with a drive. */
export const logonPattern: RegExp =
  /(?<![\p{L}\p{N}_.\\:/-])(\p{L}[\p{L}\p{N}_.-]{1,62})\\(\p{L}[\p{L}\p{N}_.$-]{0,62}[\p{L}\p{N}_$])/gu

// Endings of hosts inside of a company, the old generic ones, and those of countries; with three labels, as hosts mostly have.
const dotted =
  /(?<![\p{L}\p{N}.@/\\_-])(?:[\p{Ll}\p{N}][\p{Ll}\p{N}-]{0,62}\.){1,8}(?:com|net|org|edu|gov|mil|int|info|biz|io|cloud|local|lan|corp|intra|intranet|internal|home|ad|[a-z]{2})(?![\p{L}\p{N}_-]|\.[\p{L}\p{N}])/gu
const generic = /\.(?:com|net|org|edu|gov|local|lan|corp|intra|intranet|internal)$/

/** Hosts that a text names without a scheme: lower case, as names of classes and permissions are not. */
export function hostsInText(text: string): readonly string[] {
  return (text.match(dotted) ?? []).filter((host) => generic.test(host) || host.split('.').length > 2)
}

/** URNs whose namespace is nobody's: registered ones (RFC 8141 §6), and those of Microsoft's and of this field's products. */
const commonUrns =
  /^(?:ietf|oasis|iso|uuid|mace|oid|federation|ms-|microsoft|schemas-|com:microsoft|openid|geant|liberty|x-)/i
export const urnPattern: RegExp = /\burn:([a-z\d][a-z\d-]{1,31})(?=:)/giu

export function isCommonUrn(namespace: string): boolean {
  return commonUrns.test(namespace)
}

/**
 * The part of a user name before the `@` that can be nothing else, as it has a dot, a digit or the like among its letters:
 * `ada.lovelace`. Not `payroll`, which may be the name of a permission, nor the number of an error, nor a
 * pseudonym.
 */
export function tellingLocalPart(local: string): string | undefined {
  const isTelling = /^\p{L}+[._-][\p{L}\p{N}._-]*[\p{L}\p{N}]$|^(?=.*\d)\p{L}[\p{L}\p{N}]{7,63}$/u.test(local)
  return isTelling && !/^(?:user|aadsts|aadb2c|msis|id)\d+$/i.test(local) ? local.toLowerCase() : undefined
}

/** A word that is a user's name, since the one before it says so. Ids, addresses and the like are not words. */
export const calledPattern: RegExp =
  /\b((?:user|account|logon|principal)(?: name)?:? ['"]?)(\p{L}{5,64})(?![\p{L}\p{N}@\\_-]|\.\p{L})/giu
