import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Socket } from 'node:net'
import { addAbortSignal, type Readable } from 'node:stream'
import { display } from '../errors.ts'
import { Secret } from '../protocol/secret.ts'
import { type Options, UsageError } from './args.ts'
import type { CliIo } from './io.ts'

/** The options that say where the password comes from. None of them takes the password itself. */
export type PasswordOption = 'password-stdin' | 'password-file' | 'password-env'

/** 1024 characters, the client's limit, in UTF-8, with a byte order mark and a line end. */
const maxBytes = 4 * 1_024 + 5

/**
 * Reads the password from where the command line says, before anything is sent: a file that is not there should not
 * cost a round trip.
 *
 * @returns `undefined` when the user is to be asked later, which needs a terminal.
 * @throws {@link UsageError} when two sources are named, or the one named cannot serve.
 */
export async function readPassword(
  options: Options<PasswordOption>,
  io: CliIo,
  warn: (code: string, message: string) => void,
): Promise<Secret | undefined> {
  const file = options.text('password-file')
  const variable = options.text('password-env')
  const named = [options.flag('password-stdin'), file !== undefined, variable !== undefined]
  if (named.filter(Boolean).length > 1) {
    throw new UsageError('several sources are named for the password', 'Use one --password-… option.')
  }
  if (options.flag('password-stdin')) return readStdin(io)
  if (file !== undefined) return readFile(file, io)
  if (variable !== undefined) return readVariable(variable, io, warn)
  if (io.stdin.isTTY === true) return undefined
  throw new UsageError(
    'there is no terminal to ask for the password at',
    'Use --password-stdin, --password-file FILE or --password-env NAME.',
  )
}

async function readStdin({ stdin, stop }: CliIo): Promise<Secret> {
  if (stdin.isTTY === true) {
    throw new UsageError(
      'standard input is a terminal, which would show the password',
      'Leave out --password-stdin to be asked without an echo.',
    )
  }
  const where = 'standard input'
  return decodePassword(await readStream(stdin, where, stop.signal), where)
}

async function readFile(path: string, { stop }: CliIo): Promise<Secret> {
  const where = 'the file named by --password-file'
  let descriptor: number | undefined
  try {
    // Without waiting: opening a pipe that nobody writes to would hold up the end of the process, too.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor)
    checkFile(stat)
    if (stat.isFile()) return decodePassword(readBytes(descriptor), where)
    const pipe = new Socket({ fd: descriptor, readable: true, writable: false })
    // The socket closes it.
    descriptor = undefined
    return decodePassword(await readStream(pipe, where, stop.signal), where)
  } catch (error) {
    if (error instanceof UsageError || stop.signal.aborted) throw error
    throw unreadable(where, error)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

// Asked of the open file, so it cannot be exchanged in between; for a link it is the target that counts.
function checkFile(stat: Stats): void {
  if (!stat.isFile() && !stat.isFIFO()) {
    throw new UsageError('--password-file is neither a file nor a pipe', 'Name a file that holds the password alone.')
  }
  if (process.platform === 'win32' || (stat.mode & 0o077) === 0) return
  throw new UsageError(
    `the password file is open to other users of this machine (mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')})`,
    'Run chmod 600 on it. Where the mode is not yours to change, use --password-stdin < FILE.',
  )
}

function readBytes(descriptor: number): Buffer {
  const bytes = Buffer.alloc(maxBytes + 1)
  let size = 0
  while (size < bytes.byteLength) {
    const count = readSync(descriptor, bytes, size, bytes.byteLength - size, null)
    if (count === 0) break
    size += count
  }
  return bytes.subarray(0, size)
}

async function readStream(stream: Readable, where: string, signal: AbortSignal): Promise<Buffer> {
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
    throw unreadable(where, error)
  }
  const bytes = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return bytes
}

function readVariable(name: string, io: CliIo, warn: (code: string, message: string) => void): Secret {
  const value = io.env[name]
  // Its value is never shown, and neither is its name: it may be the password, typed in place of the name.
  if (value === undefined || value === '') {
    throw new UsageError(
      'the variable named by --password-env is not set, or empty',
      '--password-env takes the name of an environment variable, not the password.',
    )
  }
  // Programs started from here must not inherit it.
  delete io.env[name]
  warn(
    'ROPC_SECRET_IN_ENV',
    'an environment variable is a weak place for a password: it stays readable in /proc/PID/environ; prefer --password-stdin or --password-file',
  )
  return new Secret(value)
}

// Best effort: what is decoded is a string, which JavaScript cannot wipe; the bytes at least go.
function decodePassword(bytes: Buffer, where: string): Secret {
  try {
    if (bytes.byteLength > maxBytes) throw new UsageError(`${where} holds too much for a password`, oneLine)
    // Editors and PowerShell put a byte order mark first; the decoder drops it.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
    if (text === '') throw new UsageError(`${where} is empty`, oneLine)
    if (/[\r\n]/.test(text)) throw new UsageError(`${where} holds more than one line`, oneLine)
    return new Secret(text)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${where} is not UTF-8 text`, 'Convert it: the password is sent as UTF-8.')
  } finally {
    bytes.fill(0)
  }
}

const oneLine = 'It must hold the password alone, as one line; a line end after it is dropped.'

function unreadable(where: string, error: unknown): UsageError {
  const { code } = error as { code?: unknown }
  return new UsageError(
    `cannot read ${where}${typeof code === 'string' ? ` (${display(code)})` : ''}`,
    'Check that it exists and may be read. --password-file takes the name of a file, not the password.',
  )
}
