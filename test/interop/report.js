export const results = { passed: 0, failed: 0, skipped: 0 }
const widths = [26, 31, 62]

/** Values that no line may show, whatever an error's text holds. */
const hidden = []
export const hide = (...secrets) => void hidden.push(...secrets)

/**
 * Runs one row and prints it. A row that needs a peer which could not be installed is skipped, by that peer's name.
 *
 * @param needs Entries of `installPeers()`, by name.
 * @param check Returns what to print as the result; throws when the row fails.
 */
export async function row({ client, user, path, needs = {} }, check) {
  const [absent] = Object.entries(needs).filter(([, peer]) => peer.missing !== undefined)
  if (absent !== undefined) return print('skipped', [client, user, path, `skipped: ${absent[0]}: ${absent[1].missing}`])
  try {
    print('passed', [client, user, path, await check()])
  } catch (error) {
    print('failed', [client, user, path, `FAILED: ${error.message}`])
  }
}

export function printHeading() {
  console.log(line(['client', 'user', 'path', 'result']))
}

/** Fails the row it is called in. */
export function expect(condition, message) {
  if (!condition) throw new Error(message)
}

function print(outcome, cells) {
  results[outcome] += 1
  console.log(line(cells))
}

function line(cells) {
  const text = cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')
  return hidden.reduce((shown, secret) => shown.replaceAll(secret, '***'), text.replace(/\s*\n\s*/g, ' ')).slice(0, 400)
}
