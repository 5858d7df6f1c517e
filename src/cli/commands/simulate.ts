import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningSimulator, Simulator } from '../../simulator/simulator.ts'
import { type Options, parseOptions, readInteger, UsageError } from '../args.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { type CliIo, Interrupted } from '../io.ts'
import { printLine } from '../output.ts'

const simulateHelp = `Usage: ropc simulate [--port N] [--ui]
       ropc simulate --cassettes DIR [--json]

Runs a simulated Entra ID and AD FS on 127.0.0.1 until Ctrl-C, with users, keys and a certificate authority made for
this run. Nothing it issues is worth anything anywhere else.
  ropc simulate --port 8443

  --port N    port of the Entra side; default: a free one
  --ui        also serves a page, on 127.0.0.1 as well, that signs its users in, without and with faults, and shows
              every step as it happens

  --cassettes DIR  serves recorded sign-ins instead (ropc token --record DIR makes them), each at an authority of its own:
                   to whatever program asks for the same, at any time and for any user, the recorded answers are given
  --json           … prints their authorities as one JSON object

  -h, --help

Ends with 130 on Ctrl-C and with 0 on SIGTERM, which is how a service manager ends it.`

const specs = {
  port: { type: 'string' },
  ui: { type: 'boolean' },
  cassettes: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** `ropc simulate`: runs the simulator until it is told to stop. */
export async function runSimulate(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs)
  if (options.flag('help')) {
    await printLine(io, simulateHelp)
    return exitCode.ok
  }
  const cassettes = options.text('cassettes')
  if (cassettes === undefined && options.flag('json')) {
    throw new UsageError('--json goes with --cassettes', 'Name their folder: --cassettes DIR.')
  }
  if (cassettes === undefined) await runSimulator(options, io)
  else await runCassettes(cassettes, options, io)
  const { reason } = io.stop.signal
  return reason instanceof Interrupted && reason.by !== 'SIGINT' ? exitCode.ok : exitCode.interrupted
}

type SimulateOptions = Options<keyof typeof specs>

async function runSimulator(options: SimulateOptions, io: CliIo): Promise<void> {
  const port = readInteger(options.text('port') ?? '0', 'port', 0, 65_535)
  const { createSimulator } = await import('../../simulator.ts')
  const running = await listen(await createSimulator(), port)
  const live = options.flag('ui') ? await (await import('../live/server.ts')).serveLive() : undefined
  try {
    await serveUntilStopped(running.ca, io, (caFile) => describe(running, caFile, live?.url))
  } finally {
    await live?.close()
    await running.close()
  }
}

async function runCassettes(folder: string, options: SimulateOptions, io: CliIo): Promise<void> {
  const excluded = options.flag('port') ? 'port' : options.flag('ui') ? 'ui' : undefined
  if (excluded !== undefined) {
    throw new UsageError(
      `--cassettes excludes --${excluded}`,
      'Each cassette has ports of its own, which are free ones.',
    )
  }
  const { describeServed, serveFolder } = await import('../serve-cassettes.ts')
  const server = await serveFolder(folder)
  try {
    await serveUntilStopped(server.ca, io, (caFile) => describeServed(server, caFile, options.flag('json')))
  } finally {
    await server.close()
  }
}

/** Keeps the certificate to trust in a file, and says what there is. */
async function serveUntilStopped(ca: string, io: CliIo, describe: (caFile: string) => string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ropc-simulator-'))
  try {
    // mkdtemp makes it 0700 on POSIX already; a umask cannot widen it, but an ACL default might.
    await chmod(folder, 0o700)
    const caFile = join(folder, 'ca.pem')
    await writeFile(caFile, ca, { mode: 0o600, flag: 'wx' })
    await printLine(io, describe(caFile))
    await stopped(io.stop.signal)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function listen(simulator: Simulator, port: number): Promise<RunningSimulator> {
  try {
    return await simulator.listen({ port })
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    const reason = code === 'EACCES' ? 'may not be used by this user' : 'is in use'
    throw new UsageError(`port ${port} ${reason} (${code})`, 'Choose another with --port, or leave it out.')
  }
}

function describe({ authority, adfsOrigin, simulator }: RunningSimulator, caFile: string, page?: string): string {
  const { users, clientId } = simulator
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length))
  const names = width(users.map(({ username }) => username))
  const passwords = width(users.map(({ password }) => password))
  const rows = users.map(({ username, password, kind, what, expect }) =>
    [
      `  ${username.padEnd(names)}  ${password.padEnd(passwords)}  ${kind.padEnd(9)}  ${what}`,
      ...(expect === undefined ? [] : [` (${expect})`]),
    ].join(''),
  )
  const [example] = users
  return [
    'A simulated Entra ID and AD FS, on 127.0.0.1 until Ctrl-C. Everything here is invented.',
    '',
    `authority   ${authority}`,
    `CA file     ${caFile}`,
    `client id   ${clientId}`,
    `AD FS       ${adfsOrigin}`,
    ...(page === undefined ? [] : [`page        ${page}`]),
    '',
    'users (name, password, how they sign in, what they show):',
    ...rows,
    '',
    'Try, and type the password from the list:',
    `  npx ropc token --authority ${authority} --ca ${caFile} \\`,
    `    --client-id ${clientId} -u ${example?.username ?? 'USER'} --scope User.Read`,
  ].join('\n')
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
