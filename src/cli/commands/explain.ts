import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { explain } from '../../explain/explain.ts'
import type { Explanation } from '../../explain/explanation.ts'
import { parseOptions, UsageError } from '../args.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, printLine, toJsonLine } from '../output.ts'

const explainHelp = `Usage: ropc explain CODE | TEXT | FILE | - [--json]

Explains the codes in an error, offline: what they mean, and what to change.
  ropc explain AADSTS50126
  ropc explain ID3242 parsing_wstrust_response_failed
  ropc explain error.json
  pbpaste | ropc explain -

Known are the AADSTS, AADB2C and MSIS numbers that this grant can meet, AD FS and SOAP faults, OAuth errors and
suberrors, the codes and warnings of ropc-client, and the names that MSAL and ADAL have. docs/errors.md lists them.
An argument that names a file is read, "-" is standard input, both up to 1 MiB; anything else is the text itself.
Of the text, nothing is repeated but the codes, the ids of requests and times.

  --json                 print one JSON object: explanations, each with kind, code, meaning, remedy, class, source, anchor
  -h, --help

Exit codes: 0 something was explained, 2 usage, or no known code.`

const specs = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

const maxBytes = 1_048_576
const maxColumns = 100

/** `ropc explain`: what the codes in a text mean. */
export async function runExplain(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, explainHelp)
    return exitCode.ok
  }
  const explanations = explain(await readText(options.positionals, io))
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
  if (first === '-') {
    if (io.stdin.isTTY === true) note(io, 'Paste the error, then end the input (Ctrl-D, on Windows Ctrl-Z and Enter).')
    return readBounded(io.stdin, 'standard input', io)
  }
  return (await readFile(first, io)) ?? first
}

/** @returns `undefined` when no file has this name. */
async function readFile(path: string, io: CliIo): Promise<string | undefined> {
  const where = 'the file'
  const handle = await open(path).catch((error: unknown) => {
    const code = codeOf(error)
    // A text is no name of a file: it is too long, or holds what a name cannot.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL', 'EISDIR', 'ERR_INVALID_ARG_VALUE'].includes(code))
      return undefined
    throw unreadable(where, code)
  })
  if (handle === undefined) return undefined
  try {
    if ((await handle.stat()).isDirectory()) return undefined
    return await readBounded(handle.createReadStream({ autoClose: false }), where, io)
  } finally {
    await handle.close()
  }
}

async function readBounded(stream: Readable, where: string, { stop: { signal } }: CliIo): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > maxBytes) break
    }
  } catch (error) {
    signal.throwIfAborted()
    throw unreadable(where, codeOf(error))
  }
  if (size > maxBytes) throw new UsageError(`${where} has more than 1 MiB`, 'Pass the part with the error.')
  const bytes = Buffer.concat(chunks)
  // What PowerShell's ">" writes.
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}

function unreadable(where: string, code: string): UsageError {
  return new UsageError(`${where} cannot be read (${code})`, 'Name a file that you may read, or pass the text itself.')
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'no code'
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
