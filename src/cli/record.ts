import { mkdir, rmdir } from 'node:fs/promises'
import type { CassetteCall } from '../cassette/cassette.ts'
import type { FileSink } from '../cassette/file-sink.ts'
import type { Recorder } from '../cassette/record.ts'
import type { ClientOptions } from '../client/options.ts'
import type { RopcClient } from '../client/ropc-client.ts'
import { display } from '../errors.ts'
import type { Transport } from '../protocol/http.ts'
import type { ClosableTransport } from '../transport/exchange.ts'
import { type Options, UsageError } from './args.ts'
import { defaultAuthority } from './connection.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { note, reportError } from './output.ts'

/** The option of a command that can be recorded. */
export type RecordOption = 'record'

export const recordSpecs = { record: { type: 'string' } } as const

/** The lines of a command's help about {@link recordSpecs}. */
export const recordHelp: string = `  --record DIR           keep the run, also when it fails, as a cassette: a file in DIR that ropc simulate --cassettes and
                         tests replay, with pseudonyms for people, tenants, hosts and ids, and without any secret`

/** What a command tells of the run that is recorded. */
export interface Recording {
  /** @param options What the client would be created with. @returns What to create it with. */
  connect(options: ClientOptions, username: string | undefined): Promise<ClientOptions>
  /** Notes what the client is asked for, and what comes of it. */
  watch(client: RopcClient): RopcClient
}

/**
 * Runs the part of a command that sends, and writes the cassette of `--record` when it has ended, well or not.
 *
 * @param run Its error is thrown again, once the file is written. Without `--record` what it is given does nothing.
 * @returns What `run` gave; {@link exitCode.bug} if the cassette could not be written, or would have shown a secret: then there is
 *   none.
 * @throws {@link UsageError} for a folder that cannot be made, and beside `--cache`, before `run` is called.
 */
export async function withRecording(
  options: Options<RecordOption | 'cache'>,
  io: CliIo,
  run: (recording: Recording) => Promise<ExitCode>,
): Promise<ExitCode> {
  const folder = options.text('record')
  if (folder === undefined) return run({ connect: async (own) => own, watch: (client) => client })
  if (options.text('cache') !== undefined) {
    throw new UsageError('--record excludes --cache', 'What a cache answers is in no cassette: record without it.')
  }
  const made = await makeFolder(folder)
  const tape = await createTape(folder)
  const finish = async (): Promise<boolean> => {
    const isKept = await tape.finish(io)
    // Fails where something is in it.
    if (made !== undefined && tape.files.length === 0) await rmdir(folder).catch(() => {})
    return isKept
  }
  let code: ExitCode
  try {
    code = await run(tape)
  } catch (error) {
    await finish()
    throw error
  }
  return (await finish()) ? code : exitCode.bug
}

interface Tape extends Recording {
  readonly files: readonly string[]
  /** @returns Whether all is well. */
  finish(io: CliIo): Promise<boolean>
}

async function createTape(folder: string): Promise<Tape> {
  const { fileSink } = await import('../cassette/file-sink.ts')
  const { recordTransport } = await import('../cassette/record.ts')
  const { describeOutcome } = await import('../cassette/outcome.ts')
  const sink: FileSink = fileSink(folder)
  const calls: CassetteCall[] = []
  let inner: ClosableTransport | undefined
  let recorder: Recorder | undefined
  let sent = 0
  let client: Parameters<Recorder['finish']>[0]

  const noted =
    <Request extends object, Result>(operation: string, call: (request: Request) => Promise<Result>) =>
    async (request: Request): Promise<Result> => {
      const settle = (outcome: unknown): void => {
        calls.push({ operation, request: withoutSecrets(request), outcome: describeOutcome(outcome) })
      }
      try {
        const result = await call(request)
        settle(result)
        return result
      } catch (error) {
        settle(error)
        throw error
      }
    }

  return {
    files: sink.files,
    async connect({ ca, proxy, ...options }, username) {
      const { clientId, authority = defaultAuthority, offlineAccess } = options
      const transport = await openTransport(ca === undefined ? {} : { ca }, proxy, authority)
      inner = transport
      const counting: Transport = (request, sendOptions) => {
        sent++
        return transport(request, sendOptions)
      }
      recorder = recordTransport(counting, sink, { forbidden: await namesToHide(username) })
      client = {
        origin: 'recording',
        client: {
          clientId,
          authority,
          ...(username === undefined ? {} : { username }),
          ...(offlineAccess === false ? { options: { offlineAccess } } : {}),
        },
      }
      return { ...options, transport: recorder, runtime: recorder.runtime }
    },
    watch: (made) => ({
      ...made,
      acquireTokenByUsernamePassword: noted('acquireTokenByUsernamePassword', made.acquireTokenByUsernamePassword),
      acquireToken: noted('acquireToken', made.acquireToken),
      acquireTokenByDeviceCode: noted('acquireTokenByDeviceCode', made.acquireTokenByDeviceCode),
      acquireTokenSilent: noted('acquireTokenSilent', made.acquireTokenSilent),
      discover: noted('discover', made.discover),
    }),
    async finish(io) {
      await inner?.close()
      // A command line that was refused is no sign-in.
      if (recorder === undefined || sent === 0) return true
      try {
        const { exchanges } = await recorder.finish({ ...client, calls })
        const [path = ''] = sink.files
        const { readFile } = await import('node:fs/promises')
        for (const line of describeRecording(path, exchanges.length, await readFile(path, 'utf8'))) note(io, line)
        return true
      } catch (error) {
        const { code, syscall } = error as { code?: unknown; syscall?: unknown }
        if (typeof code === 'string' && typeof syscall === 'string') {
          note(io, `error: cannot write into the folder of --record (${code}): nothing was kept`)
        } else reportError(io, error)
        return false
      }
    },
  }
}

/** What stands in a cassette in place of what was there: it is all in its text. */
function describeRecording(path: string, requests: number, text: string): readonly string[] {
  const all = (pattern: RegExp): readonly string[] => [...new Set(text.match(pattern) ?? [])]
  const names = all(/\b(?:user\d+@tenant\d+\.example|Person \d+)/g)
  const hosts = all(/(?<![@\w.-])(?:(?:sts|host)\d+\.)?tenant\d+\.[a-z0-9.]*[a-z]/g)
  const ids = all(/\b00000000-0000-4000-9000-[0-9a-f]{12}\b/g)
  const secrets = all(/(?<=\[|%5B)(?:[Pp]assword|assertion|client_secret|refresh_token|device_code)(?=\]|%5D)/g)
  const list = (items: readonly string[]): string => items.slice(0, 6).join(', ') + (items.length > 6 ? ', …' : '')
  return [
    `recorded: ${display(path)}, with ${requests} ${requests === 1 ? 'request' : 'requests'} and what was answered`,
    ...(names.length === 0 ? [] : [`  in place of people: ${list(names)}`]),
    ...(hosts.length === 0 ? [] : [`  in place of tenants and hosts: ${list(hosts)}`]),
    ...(ids.length === 0 ? [] : [`  in place of ids: ${ids.length} that are made up`]),
    ...(secrets.length === 0
      ? []
      : [`  in place of secrets: ${list(secrets.map((name) => `[${name.toLowerCase()}]`))}`]),
    '  its tokens are signed with a key that anybody may read; signatures of assertions are blank',
  ]
}

/** Arguments that are plain data, and have a meaning when the call is repeated. */
function withoutSecrets(request: object): Readonly<Record<string, unknown>> {
  const { password: _p, onUserCode: _c, signal: _s, timeoutMs: _t, ...plain } = request as Record<string, unknown>
  return plain
}

/** A name that is a pseudonym already may stay: somebody records what a cassette answers. */
async function namesToHide(username: string | undefined): Promise<readonly string[]> {
  if (username === undefined) return []
  const { createPseudonyms } = await import('../redact/pseudonyms.ts')
  return createPseudonyms().text(username) === username && username.includes('@') ? [] : [username]
}

async function openTransport(
  ca: Pick<ClientOptions, 'ca'>,
  proxy: ClientOptions['proxy'],
  authority: string,
): Promise<ClosableTransport> {
  // An authority that is no URL is for the client to refuse.
  const hosts = URL.canParse(authority) ? [new URL(authority).hostname] : []
  const settings = { loopbackHosts: hosts, ...ca }
  if (proxy === undefined) return (await import('../transport/https-transport.ts')).createHttpsTransport(settings)
  return (await import('../transport/undici-transport.ts')).createUndiciTransport({ ...settings, proxy })
}

/** @returns The first folder that had to be made. */
async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw new UsageError(`cannot make the folder of --record (${String(code)})`, 'Name a folder of yours.')
  }
}
