import { isAuthError } from '../../errors.ts'
import { explain } from '../../explain/explain.ts'
import type { Explanation } from '../../explain/explanation.ts'
import type { Run } from '../../trace/runs.ts'
import { type Options, parseOptions, UsageError } from '../args.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, noteWarning, printLine, toJsonLine } from '../output.ts'
import { openPage } from '../page.ts'
import { readTextInput } from '../text-input.ts'
import { openTraceFile, traceSpecs } from '../trace-file.ts'
import { maxTraceBytes, namedTraceLevel, readTrace, type TraceInput, withTrace } from '../trace-input.ts'

const explainHelp = `Usage: ropc explain CODE | TEXT | FILE | - [options]

Explains the codes in an error, offline: what they mean, and what to change. Of a recorded sign-in it tells every step.
  ropc explain AADSTS50126
  ropc explain ID3242 parsing_wstrust_response_failed
  ropc explain error.json
  pbpaste | ropc explain -
  ropc explain browser.har --trace report.html

Known are the AADSTS, AADB2C and MSIS numbers that this grant can meet, AD FS and SOAP faults, OAuth errors and
suberrors, the codes and warnings of ropc-client, and the names that MSAL and ADAL have. docs/errors.md lists them.
An argument that names a file is read, "-" is standard input, both up to 1 MiB; anything else is the text itself.
Of the text, nothing is repeated but the codes, the ids of requests and times.

A recorded sign-in is an HTTP archive (HAR) of any program, as mitmproxy, Fiddler and browsers export it, or a trace that
ropc token --trace FILE.json wrote; both up to 64 MiB. Passwords, keys and tokens of an archive are not shown.

  --trace FILE           write what was recorded to FILE, which must be new: .html (a report to open in a browser), .md, .txt,
                         .har or .json
  --trace-level LEVEL    how an archive is read: share (default, people, tenants and ids are pseudonyms), team or raw; a trace
                         shows what it was written with, or less
  --json                 print one JSON object: explanations, each with kind, code, meaning, remedy, class, source, anchor;
                         of a recorded sign-in also calls, each with callId and summary
  -h, --help

Exit codes: 0 something was explained, 1 defect of ropc, 2 usage, or no known code, 130 interrupted.`

const specs = { ...traceSpecs, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

type ExplainOptions = Options<keyof typeof specs>

const maxTextLength = 1_048_576
const maxColumns = 100

/** `ropc explain`: what the codes in a text mean. */
export async function runExplain(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, explainHelp)
    return exitCode.ok
  }
  const text = await readText(options.positionals, io)
  const input = await findTrace(text, options, io)
  if (input !== undefined) return explainTrace(input, options, io)
  if (text.length > maxTextLength) {
    throw new UsageError('the text has more than 1 MiB, and is no recorded sign-in', 'Pass the part with the error.')
  }
  const explanations = explain(text)
  if (options.flag('json')) await printLine(io, toJsonLine({ version: 1, explanations }))
  else await printLine(io, formatExplanations(explanations))
  return explanations.some(({ kind }) => kind !== 'unknown') ? exitCode.ok : exitCode.usage
}

async function readText(words: readonly string[], io: CliIo): Promise<string> {
  const [first, ...others] = words
  if (first === undefined) {
    throw new UsageError('there is nothing to explain', 'Write a code, an error message, the name of a file, or "-".')
  }
  if (others.length > 0) return words.join(' ')
  return (await readTextInput(first, io, maxTraceBytes)) ?? first
}

/** What the text records, if it is a trace or an HTTP archive. */
async function findTrace(text: string, options: ExplainOptions, io: CliIo): Promise<TraceInput | undefined> {
  try {
    const level = namedTraceLevel(options)
    const input = await readTrace(text, level)
    if (input !== undefined && level !== undefined && input.trace.level !== level) {
      throw new UsageError(
        `the trace was written at level ${input.trace.level}, and does not hold what level ${level} shows`,
        `Leave --trace-level out, or record the sign-in again with --trace-level ${level}.`,
      )
    }
    if (input !== undefined) return input
    if (options.text('trace') === undefined) return undefined
  } catch (error) {
    // A HAR without a sign-in may hold a code all the same.
    if (!isAuthError(error) || options.text('trace') !== undefined) throw error
    note(io, `${error.message}; its text is searched for codes`)
    return undefined
  }
  throw new UsageError(
    'there is nothing to write a trace of: the text is neither a trace (JSON) nor an HTTP archive (HAR)',
    'Leave out --trace.',
  )
}

/** Tells a recorded sign-in step by step, and what its errors mean. */
async function explainTrace(input: TraceInput, options: ExplainOptions, io: CliIo): Promise<ExitCode> {
  const file = await openTraceFile(options)
  try {
    const { renderText } = await import('../../trace/views/text.ts')
    const { readRuns } = await import('../../trace/runs.ts')
    const { summarise } = await import('../../trace/summary.ts')
    const text = withTrace(input, (trace) => renderText(trace, openPage(io)))
    const runs = withTrace(input, readRuns)
    const explanations = explain(runs.map(({ error }) => errorText(error)).join('\n'))
    const known = explanations.filter(({ kind }) => kind !== 'unknown')
    if (options.flag('json')) {
      const calls = withTrace(input, () => runs.map((run) => ({ callId: run.callId, summary: summarise(run) })))
      await printLine(io, toJsonLine({ version: 1, explanations: known, calls }))
    } else {
      await printLine(io, text.trimEnd())
      if (known.length > 0) await printLine(io, `\n${formatExplanations(known)}`)
    }
    const warn = (code: string, message: string): void => noteWarning(io, code, message)
    if (file === undefined || (await file.write(input.trace, input.secrets, io, warn))) return exitCode.ok
    return exitCode.bug
  } catch (error) {
    await file?.remove()
    throw error
  }
}

/** Where the codes of an error stand. */
function errorText(error: Run['error']): string {
  if (error === undefined) return ''
  return [error.code, error.message, ...Object.values(error.facts)].join(' ')
}

/** A block for each code; what an earlier block says is not said again. */
function formatExplanations(explanations: readonly Explanation[]): string {
  let shown = ''
  return explanations
    .map((explanation, index) => {
      const same = explanations.slice(0, index).find(({ remedy }) => remedy === explanation.remedy)?.code
      const lines = [...formatExplanation(explanation, same)]
      for (const [label, text] of aboutRequest(explanation)) {
        if (!shown.includes(text)) lines.push(...wrap(`${label}: ${text}`, 2))
        shown += `${text}\n`
      }
      return lines.join('\n')
    })
    .join('\n\n')
}

/** @param same A code before this one that has the same remedy. */
function formatExplanation(explanation: Explanation, same: string | undefined): readonly string[] {
  const { kind, code, meaning, remedy } = explanation
  if (code === undefined) return [...wrap(`${meaning}.`, 0), ...wrap(remedy, 0)]
  const indented = (label: string, text: string) => wrap(`${label}${text}`, 2)
  const whatToDo = indented('what to do: ', same === undefined ? remedy : `see ${same}`)
  if (kind === 'unknown') return [code, ...indented('', meaning), ...whatToDo]
  const { name, fault, here = [], source, anchor } = explanation
  return [
    `${code} (${explanation.class.replaceAll('_', ' ')})`,
    ...indented('', name === undefined ? meaning : `${name}: ${meaning}`),
    ...whatToDo,
    ...(fault === undefined ? [] : indented('the fault lies with ', fault)),
    ...(here.length === 0 ? [] : indented('ropc-client calls it: ', here.join(', '))),
    ...indented('source: ', source),
    ...indented('see ', anchor),
  ]
}

/** Where the server's own log can be searched, and by what. */
function aboutRequest({ whereToLook, request = {} }: Explanation): readonly (readonly [label: string, text: string])[] {
  const { correlationId, traceId, timestamp } = request
  const texts = { 'where to look': whereToLook, 'correlation id': correlationId, 'trace id': traceId, timestamp }
  return Object.entries(texts).flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]))
}

/** Breaks a text at blanks; the lines after the first stand two columns further right. A word stays whole. */
function wrap(text: string, indent: number): readonly string[] {
  const lines: string[] = []
  let line = ' '.repeat(indent)
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > maxColumns) {
      lines.push(line)
      line = ' '.repeat(indent + 2)
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line]
}
