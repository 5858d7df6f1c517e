import { oneLine } from '../../errors.ts'
import { indent, table, wrap } from './layout.ts'

/** What lines are written on. */
export interface Page {
  readonly width: number
  readonly colour: boolean
}

/** Names with their values. */
export function facts(page: Page, rows: readonly (readonly [string, string])[]): readonly string[] {
  return indent(table(rows, [16], page.width - 2), 2)
}

/** A heading with a line below it. */
export function title(page: Page, text: string, line: string): readonly string[] {
  const lines = wrap(text, page.width)
  return [
    ...paintAll(page, 'bold', lines),
    line.repeat(Math.min(page.width, Math.max(...lines.map(({ length }) => length)))),
  ]
}

const styles = { plain: '', bold: '1', red: '31', green: '32', yellow: '33' } as const

function paint({ colour }: Page, style: keyof typeof styles, line: string): string {
  return colour && styles[style] !== '' && line !== '' ? `\u001b[${styles[style]}m${line}\u001b[0m` : line
}

/** Lines in a colour, where the page has any. */
export function paintAll(page: Page, style: keyof typeof styles, lines: readonly string[]): readonly string[] {
  return lines.map((line) => paint(page, style, line))
}

export function ms(value: number): string {
  return `${Math.round(value)} ms`
}

/** A text of a peer's, safe to show. */
export function show(text: string): string {
  return oneLine(text, 500)
}
