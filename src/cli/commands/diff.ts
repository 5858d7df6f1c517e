import { parseOptions, UsageError } from '../args.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, printLine, toJsonLine } from '../output.ts'
import { namedTraceLevel, readTraceFile, traceLevelSpecs, withTrace } from '../trace-input.ts'

const diffHelp = `Usage: ropc diff FIRST SECOND [--json]

Says what is not the same in two recorded sign-ins: what was decided and from what, who was asked, what was sent and answered,
what was checked, how it ended. Ids, times, tokens and durations are never a difference.
  ropc token … --trace works.json; ropc token … --trace fails.json
  ropc diff works.json fails.json
  ropc diff works.json browser.har --json

Each is a trace (JSON) or an HTTP archive (HAR) of any program; one of them may be "-", standard input. At level share people,
tenants and hosts have pseudonyms, given out in order: that two sign-ins are of different tenants is no difference then. Best are
two of a kind: in a HAR stands what was sent and answered, not what a program considered, or found in its cache.

Lines begin with "~" (not the same), "-" (in the first only) or "+" (in the second only), and the place.

  --trace-level LEVEL    how a HAR is read: share (default), team or raw; a trace has the level it was
                         written at, or shows less
  --json                 print one JSON object: version, same, differences, each with place, first, second
  -h, --help

Exit codes, as of diff(1): 0 the same, 1 not the same (or a defect of ropc, with a line "error:"), 2 usage, or a file that is
neither, 130 interrupted.`

const specs = { ...traceLevelSpecs, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** `ropc diff`: compares two recorded sign-ins. */
export async function runDiff(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, diffHelp)
    return exitCode.ok
  }
  const [first, second, ...others] = options.positionals
  if (first === undefined || second === undefined || others.length > 0) {
    throw new UsageError('diff takes two files', 'Write their names: ropc diff works.json fails.json.')
  }
  if (first === '-' && second === '-') {
    throw new UsageError('both are standard input', 'Name a file for one of them.')
  }
  const level = namedTraceLevel(options)
  const [a, b] = [await readTraceFile(first, level, io), await readTraceFile(second, level, io)]
  const { diffTraces, renderDiff } = await import('../../trace/diff.ts')
  if (a.trace.level !== b.trace.level) {
    note(io, `the first is of level ${a.trace.level}, the second of ${b.trace.level}: names may differ for that alone`)
  }
  const differences = withTrace(a, (one) => withTrace(b, (other) => diffTraces(one, other)))
  const same = differences.length === 0
  if (options.flag('json')) await printLine(io, toJsonLine({ version: 1, same, differences }))
  else await printLine(io, renderDiff(differences).trimEnd())
  return same ? exitCode.ok : exitCode.notAsExpected
}
