import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { UsageError } from './args.ts'
import type { CliIo } from './io.ts'
import { note } from './output.ts'

const maxBytes = 1_048_576

/**
 * Reads what an argument names: `-` is standard input, anything else the name of a file. UTF-8, or UTF-16 with a byte order
 * mark, which is what PowerShell's ">" writes; at most 1 MiB.
 *
 * @param maxJsonBytes The most bytes of what begins with "{", for a command that takes more of that: HTTP archives are large.
 * @returns `undefined` when no file has this name.
 * @throws {@link UsageError} when it cannot be read, or holds more.
 */
export async function readTextInput(
  name: string,
  io: CliIo,
  maxJsonBytes: number = maxBytes,
): Promise<string | undefined> {
  if (name === '-') {
    if (io.stdin.isTTY === true) note(io, 'Paste the text, then end the input (Ctrl-D, on Windows Ctrl-Z and Enter).')
    return readBounded(io.stdin, 'standard input', io, maxJsonBytes)
  }
  const where = 'the file'
  const handle = await open(name).catch((error: unknown) => {
    const code = codeOf(error)
    // A text is no name of a file: it is too long, or holds what a name cannot.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL', 'EISDIR', 'ERR_INVALID_ARG_VALUE'].includes(code))
      return undefined
    throw unreadable(where, code)
  })
  if (handle === undefined) return undefined
  try {
    if ((await handle.stat()).isDirectory()) return undefined
    return await readBounded(handle.createReadStream({ autoClose: false }), where, io, maxJsonBytes)
  } finally {
    await handle.close()
  }
}

async function readBounded(
  stream: Readable,
  where: string,
  { stop: { signal } }: CliIo,
  maxJsonBytes: number,
): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  let limit: number | undefined
  try {
    for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.byteLength
      limit ??= startsAsJson(chunk) ? maxJsonBytes : maxBytes
      if (size > limit) break
    }
  } catch (error) {
    signal.throwIfAborted()
    throw unreadable(where, codeOf(error))
  }
  if (size > (limit ?? maxBytes)) {
    throw new UsageError(`${where} has more than ${(limit ?? maxBytes) >> 20} MiB`, 'Pass the part that is meant.')
  }
  const bytes = Buffer.concat(chunks)
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}

// Behind the byte order mark of UTF-8 or UTF-16, and blanks.
function startsAsJson(chunk: Buffer): boolean {
  return /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe)?[\s\0]*\{/.test(chunk.subarray(0, 64).toString('latin1'))
}

function unreadable(where: string, code: string): UsageError {
  return new UsageError(
    `${where} cannot be read (${code})`,
    'Name a file that you may read, or "-" for standard input.',
  )
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'no code'
}
