// Lines of a fixed width. Widths count code points: a terminal may show some of them wider.

/** Breaks a text into lines of at most `width`, at blanks where there are any. Never empty. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(1, width)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ +/).flatMap((long) => pieces(long, room))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (lengthOf(longer) <= room) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

/** How many columns a text takes. */
export function lengthOf(text: string): number {
  return [...text].length
}

/** A cell's text; a line break in it starts a new line. */
type Row = readonly string[]

/**
 * Lays rows out in columns, as narrow as their texts and at most as wide as `widest` says; the last takes what is left.
 * Where that is too little to read, each row's cells stand below each other.
 *
 * @param widest The most that each column but the last may take.
 */
export function table(rows: readonly Row[], widest: readonly number[], width: number): readonly string[] {
  const gap = 2
  const widths = widest.map((most, column) =>
    Math.min(most, Math.max(0, ...rows.flatMap((row) => (row[column] ?? '').split('\n').map(lengthOf)))),
  )
  const rest = width - widths.reduce((sum, own) => sum + own + gap, 0)
  if (rest < 24) return rows.flatMap((row) => stacked(row, width))
  return rows.flatMap((row) => {
    const cells = [...widths, rest].map((own, column) => cellLines(row[column] ?? '', own))
    const height = Math.max(...cells.map(({ length }) => length))
    return Array.from({ length: height }, (_, index) =>
      cells
        .map((lines, column) => padEnd(lines[index] ?? '', (widths[column] ?? 0) + gap))
        .join('')
        .trimEnd(),
    )
  })
}

function stacked([head = '', ...others]: Row, width: number): readonly string[] {
  const below = others.filter((cell) => cell !== '').flatMap((cell) => indent(cellLines(cell, width - 2), 2))
  return [...cellLines(head, width), ...below]
}

/** Puts blanks before every line. */
export function indent(lines: readonly string[], by: number): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(by)}${line}`))
}

function cellLines(cell: string, width: number): readonly string[] {
  return cell.split('\n').flatMap((line) => wrap(line, width))
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)))
}

// A long word, which here is a URL more often than not, is broken behind a mark if one is near.
function pieces(word: string, width: number): readonly string[] {
  const parts: string[] = []
  let rest = [...word]
  while (rest.length > width) {
    const line = rest.slice(0, width)
    const mark = line.findLastIndex((character) => '/.?&,;:-'.includes(character)) + 1
    const cut = mark > width / 2 ? mark : width
    parts.push(rest.slice(0, cut).join(''))
    rest = rest.slice(cut)
  }
  return [...parts, rest.join('')]
}
