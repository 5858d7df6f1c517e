import { Buffer } from 'node:buffer'

const token = /(?<![\w-])(eyJ[\w-]+)\.(eyJ[\w-]+)(?=\.)/g
/** RFC 7519 §4.1, OpenID Connect Core §2, and of Entra's older token answers; all in seconds since 1970. */
const members = /"(iat|nbf|exp|auth_time|expires_on|not_before)"(\s*:\s*)("?)(\d{9,11})(?!\d)/g
const instant = /(?<![\w-])(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d{1,9})?Z/g
const httpDate = /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b/g

/**
 * Moves the instants of an answer, of tokens and assertions in it too: those of claims, ISO 8601 in UTC, and dates of HTTP.
 * Durations such as `expires_in` stay. Signatures do not fit any more.
 *
 * @param seconds Later by so much; earlier if it is negative.
 */
export function shiftInstants(text: string, seconds: number): string {
  return shiftTexts(
    text.replace(token, (_, header: string, claims: string) => {
      const shifted = shiftTexts(Buffer.from(claims, 'base64url').toString('utf8'), seconds)
      return `${header}.${Buffer.from(shifted, 'utf8').toString('base64url')}`
    }),
    seconds,
  )
}

function shiftTexts(text: string, seconds: number): string {
  return text
    .replace(members, (_, name, colon, quote, at) => `"${name}"${colon}${quote}${Number(at) + seconds}`)
    .replace(instant, (whole, day, separator, time, fraction = '') => {
      const at = later(`${day}T${time}Z`, seconds)
      if (at === undefined) return whole
      const [newDay, newTime = ''] = at.toISOString().split('T')
      return `${newDay}${separator}${newTime.slice(0, 8)}${fraction}Z`
    })
    .replace(httpDate, (whole) => later(whole, seconds)?.toUTCString() ?? whole)
}

function later(text: string, seconds: number): Date | undefined {
  const at = new Date(Date.parse(text) + seconds * 1000)
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999 || at.getUTCFullYear() < 0 ? undefined : at
}
