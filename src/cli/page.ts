import type { Page } from '../trace/views/page.ts'
import type { CliIo } from './io.ts'
import { printLine } from './output.ts'

/** What the result is written on: as wide as the terminal, within reason; 100 columns and no colour where it is piped. */
export function openPage({ stdout, env }: CliIo): Page {
  if (stdout.isTTY !== true) return { width: 100, colour: false }
  const { columns } = stdout as { readonly columns?: number }
  const width = columns === undefined || columns === 0 ? 100 : Math.min(120, Math.max(40, columns))
  return { width, colour: (env['NO_COLOR'] ?? '') === '' }
}

/** Prints the lines of a result. */
export async function printLines(io: CliIo, lines: readonly string[]): Promise<void> {
  await printLine(io, lines.join('\n'))
}
