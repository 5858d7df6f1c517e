/** `--name=value` arguments of this process; a bare `--name` is true. */
export function readArguments() {
  const pairs = process.argv.slice(2).map((argument) => argument.replace(/^--/, '').split('='))
  return Object.fromEntries(pairs.map(([name, value = true]) => [name, value]))
}

/** Runs again and again for at least so long and so often. @returns Microseconds per call. */
export async function timeCalls(run, { ms = 200, calls = 1 } = {}) {
  const begin = performance.now()
  let done = 0
  // The clock is read once in a while only: with a call of 2 µs it would show.
  let chunk = 1
  for (let last = begin; last - begin < ms || done < calls; ) {
    for (const until = done + chunk; done < until; done++) await run(done)
    const now = performance.now()
    if (now - last < 5) chunk *= 2
    last = now
  }
  return ((performance.now() - begin) / done) * 1_000
}

/** Measures several things by turns, so that what disturbs the machine disturbs all of them. @returns Their medians. */
export async function byTurns(rounds, measurements) {
  const results = Object.fromEntries(Object.keys(measurements).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) results[name].push(await measure(round))
  }
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, median(values)]))
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The same pseudo-random numbers in every run: 0 to `below - 1`. */
export function randomIndices(count, below) {
  let state = 12_345
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  })
}
