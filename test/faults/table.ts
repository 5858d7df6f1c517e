import type { Outcome } from './cell.ts'
import type { Column } from './columns.ts'
import type { Row } from './expected.ts'

/** The matrix as text: how each cell ended, and after how many milliseconds. */
export function formatTable(
  title: string,
  rows: readonly Row[],
  columns: readonly Column[],
  outcomeAt: (row: Row, column: Column) => Outcome | undefined,
): string {
  const lines = [
    ['fault', ...columns.map(({ name }) => name)],
    ...rows.map((row) => [row.name, ...columns.map((column) => cell(outcomeAt(row, column)))]),
  ]
  const widths = (lines[0] ?? []).map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  const format = (line: readonly string[]): string =>
    line
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join(' | ')
      .trimEnd()
  const [head = [], ...body] = lines
  const rule = widths.map((width) => '-'.repeat(width)).join('-|-')
  const note = 'Codes without ERR_ and TRANSPORT_; milliseconds until the call ended.'
  return [title, note, '', format(head), rule, ...body.map(format), ''].join('\n')
}

function cell(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'did not run'
  const { code, durationMs } = outcome
  return `${code.replace(/^ERR_(TRANSPORT_)?/, '')} ${Math.round(durationMs)}`
}
