import { type EpochSeconds, formatInstant } from '../../protocol/time.ts'

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** How far an instant is from now, in words: `in 59 minutes`, `3 days ago`, `now`. Rounded towards now. */
export function distanceInWords(instant: EpochSeconds, at: EpochSeconds): string {
  const seconds = Math.trunc(Math.abs(instant - at))
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length || (length === 1 && seconds === 1)) ?? ['', 1]
  if (unit === '') return 'now'
  const count = Math.floor(seconds / size)
  const text = `${count} ${unit}${count === 1 ? '' : 's'}`
  return instant > at ? `in ${text}` : `${text} ago`
}

/** An instant for people: `2026-11-22T19:44:50Z, in 59 minutes`. */
export function showInstantFrom(at: EpochSeconds, instant: EpochSeconds): string {
  return `${formatInstant(Math.trunc(instant))}, ${distanceInWords(instant, at)}`
}

/** What a JSON member says, if that is an instant that a `Date` can hold: epoch seconds as a number or in digits. */
export function readEpochSeconds(value: unknown): EpochSeconds | undefined {
  const seconds = typeof value === 'string' && /^\d{9,11}$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && Math.abs(seconds) <= 8_640_000_000_000 ? seconds : undefined
}
