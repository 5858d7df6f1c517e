/**
 * One line of the result.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {string} ours With its unit.
 * @property {string} [theirs] What it is compared with.
 * @property {string} [result] The ratio, or whatever the target speaks of.
 * @property {string} [target]
 * @property {boolean} [ok] Absent where there is no target.
 */

/** @type {Row[]} */
const kept = []
if (process.send === undefined) process.once('exit', () => printTable(kept))

/** Hands rows to the run that started this process, or prints them at its end. @param {readonly Row[]} rows */
export function report(...rows) {
  if (process.send === undefined) kept.push(...rows)
  else for (const row of rows) process.send(row)
}

/** @param {readonly Row[]} rows */
export function printTable(rows) {
  const columns = { what: '', ours: 'ropc-client', theirs: 'against', result: 'result', target: 'target' }
  const verdict = ({ ok }) => (ok === undefined ? '' : ok ? 'PASS' : 'FAIL')
  const table = [columns, ...rows].map((row) => [...Object.keys(columns).map((name) => row[name] ?? ''), verdict(row)])
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)))
  for (const cells of rows.length === 0 ? [] : table)
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}

/** A row for "so many times faster than the other". Times in microseconds. */
export function fasterRow(what, ours, theirs, atLeast, name = 'MSAL Node') {
  const ratio = theirs / ours
  return {
    what,
    ours: duration(ours),
    theirs: `${duration(theirs)} ${name}`,
    result: `${times(ratio)} faster`,
    ...(atLeast === undefined ? {} : { target: `≥ ${times(atLeast)}`, ok: ratio >= atLeast }),
  }
}

/** A row for an absolute limit. */
export function limitRow(what, value, limit, unit) {
  return { what, ours: unit(value), result: unit(value), target: `≤ ${unit(limit)}`, ok: value <= limit }
}

/** Microseconds, in the unit that suits. */
export function duration(us) {
  if (us < 1_000) return `${digits(us)} µs`
  return us < 1_000_000 ? `${digits(us / 1_000)} ms` : `${digits(us / 1_000_000)} s`
}

export const times = (ratio) => `${ratio < 100 ? digits(ratio) : Math.round(ratio).toLocaleString('en')}×`
export const kilobytes = (bytes) => `${digits(bytes / 1_000)} kB`
const digits = (value) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0))
