/** Stands where something was: what it was, and how long about; the exact length of a password would help to guess it. */
export function marker(what: string, length: number): string {
  const bucket = [0, 7, 15, 31, 63, 255, 1_023, 4_095].find((limit) => length <= limit)
  return `[${what}${bucket === undefined ? ', long' : bucket === 0 ? ', empty' : `, up to ${bucket} characters`}]`
}

/** Whether a text is such a stand-in already: what is redacted twice must come out the same. */
export function isMarker(text: string): boolean {
  return /^\[[\w :-]+(, (long|empty|up to \d+ characters))?\]$/.test(text)
}
