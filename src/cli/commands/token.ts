import type { CallOptions, ClientOptions } from '../../client/options.ts'
import type { Discovery, RopcClient } from '../../client/ropc-client.ts'
import type { TokenResult } from '../../client/token-result.ts'
import { display } from '../../errors.ts'
import type { Secret } from '../../protocol/secret.ts'
import { type Options, parseOptions, required } from '../args.ts'
import { cacheSpecs, openCacheStore, readCachePlace } from '../cache-store.ts'
import { connectionSpecs, readConnection, readTimeoutMs } from '../connection.ts'
import {
  deviceCodeSpecs,
  readDeviceCode,
  signInByDeviceCode,
  suggestDeviceCode,
  withoutRepeats,
} from '../device-code.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { expectSpecs, judgeFailure, readExpectation, reportUnexpectedSuccess } from '../expect.ts'
import type { CliIo } from '../io.ts'
import { note, noteWarning, printLine, reportError, toJsonLine } from '../output.ts'
import { readPassword } from '../password-source.ts'
import { promptHidden } from '../prompt.ts'
import { type Recording, recordHelp, recordSpecs, withRecording } from '../record.ts'
import { createStepLog } from '../steps.ts'
import { type TraceTap, traceHelp, traceSpecs, withTraceFile } from '../trace-file.ts'

const tokenHelp = `Usage: ropc token --client-id ID -u UPN --scope SCOPE [--scope SCOPE]… [options]
       ropc token --client-id ID --device-code --scope SCOPE [--scope SCOPE]… [options]

Signs a user in by name and password and prints the access token, and nothing else, on stdout:
  TOKEN=$(npx ropc token --authority https://login.microsoftonline.com/contoso.example \\
            --client-id ID -u ada@contoso.example --scope User.Read)

The password grant is deprecated: RFC 9700 §2.4 says that it must not be used.
It shows the user's password to the program, and cannot do multifactor authentication.
Use device code, authorization code with PKCE, managed identity or workload federation, or client credentials instead.

  --authority URL        https://HOST/TENANT; default https://login.microsoftonline.com/organizations
  --client-id ID         application (client) id of your app registration
  -u, --username UPN     the user to sign in
  --scope SCOPE          what the token is for; repeat it for several
  --tenant TENANT        tenant id or domain, in place of the authority's

Where the password comes from; without any of these it is asked for at the terminal, once it is known where it goes:
  --password-stdin       standard input, e.g. pass show work | ropc token --password-stdin …
  --password-file FILE   a file that nobody else may read
  --password-env NAME    an environment variable (weak: it stays visible in /proc)

  --device-code          no password: the user signs in in a browser, with the code that is shown on stderr; with -u it must
                         be that user, and a token that --cache keeps for the user will do

  --cache FILE           keep tokens in FILE between runs, encrypted by a key in the system's keychain (needs
                         npm install @napi-rs/keyring); with none of the three above, a run that finds a token there
                         asks for no password
  --plaintext            … not encrypted, in the format of the MSAL libraries, which can then share FILE

  --json                 print one JSON object: accessToken, expiresOn, tokenType, scopes, account, path,
                         passwordSentTo, correlationId
${traceHelp}
${recordHelp}
  --expect CODE          prove that the sign-in is blocked: exit 0 if it fails with CODE, which is an AADSTS number, an OAuth
                         error or suberror, a code of AD FS or B2C, or an ERR_… code of ropc; else 1, and no token is printed
  --dry-run              stop before the password, and say which host would get it
  --ca FILE              PEM certificates to trust beside the well-known ones
  --proxy URL|env        a proxy, or HTTPS_PROXY and NO_PROXY of the environment
  --timeout SECONDS      limit for the whole sign-in, the time at the prompt not counted; default 90
  --correlation-id ID    sent as client-request-id
  --claims JSON          a claims request or challenge
  --no-offline-access    ask for no refresh token
  -q, --quiet            no line per step on stderr
  --suppress-warning CODE   leave out a warning, e.g. ROPC_BCP; may be repeated
  -h, --help

Exit codes: 0 ok, 1 defect of ropc (or not what --expect says), 2 usage, 3 denied, 4 network, 5 protocol, 6 unsupported, 7 cache,
8 interaction required, 130 interrupted.`

const specs = {
  authority: { type: 'string' },
  'client-id': { type: 'string' },
  username: { type: 'string', short: 'u' },
  scope: { type: 'string', multiple: true },
  tenant: { type: 'string' },
  ...connectionSpecs,
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'correlation-id': { type: 'string' },
  claims: { type: 'string' },
  'no-offline-access': { type: 'boolean' },
  ...cacheSpecs,
  ...deviceCodeSpecs,
  ...expectSpecs,
  ...traceSpecs,
  ...recordSpecs,
  'password-stdin': { type: 'boolean' },
  'password-file': { type: 'string' },
  'password-env': { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
  'suppress-warning': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

const passwordOptions = ['password-stdin', 'password-file', 'password-env'] as const

type TokenOptions = Options<keyof typeof specs>

/** `ropc token`: signs in and prints the access token. */
export async function runToken(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs)
  if (options.flag('help')) {
    await printLine(io, tokenHelp)
    return exitCode.ok
  }
  return withTraceFile(options, io, warningSink(options, io), (trace) =>
    withRecording(options, io, (recording) => runSignIn(options, io, trace, recording)),
  )
}

async function runSignIn(options: TokenOptions, io: CliIo, trace: TraceTap, recording: Recording): Promise<ExitCode> {
  const byDeviceCode = readDeviceCode(options)
  const expected = readExpectation(options)
  const username = byDeviceCode
    ? undefined
    : required(options, 'username', 'Write -u and the user principal name, e.g. -u ada@contoso.example.')
  const timeoutMs = readTimeoutMs(options, 90)
  if (!options.flag('dry-run')) required(options, 'scope', 'Name what the token is for, e.g. --scope User.Read.')
  const clientOptions = await recording.connect(await readClientOptions(options, io, trace), options.text('username'))
  const place = readCachePlace(options)
  // A dry run signs nobody in: nothing is looked up or kept, and no key is made for it.
  const opens = place !== undefined && !options.flag('dry-run')
  const store = opens ? await openCacheStore(place, io, 'keep', warningSink(options, io)) : undefined
  const { createRopcClient } = await import('../../client/client.ts')
  const client = recording.watch(createRopcClient({ ...clientOptions, ...(store === undefined ? {} : { store }) }))
  const { correlationId = crypto.randomUUID(), ...call } = readCallOptions(options)
  const read = () => readPassword(options, io, warningSink(options, io))
  // With a cache, whether there is a terminal to ask at matters only once somebody must be asked.
  const namesSource = passwordOptions.some((name) => options.text(name) !== undefined)
  const asksLater = options.flag('dry-run') || byDeviceCode || (store !== undefined && !namesSource)
  const password = asksLater ? undefined : await read()
  const request = { ...call, correlationId, timeoutMs, signal: io.stop.signal }
  const scopes = options.list('scope')
  try {
    if (username !== undefined && options.flag('dry-run')) {
      await dryRun(client, { ...request, username }, options, io)
      return exitCode.ok
    }
    const result =
      username === undefined
        ? await signInByDeviceCode(client, { ...request, scopes, ...namedUser(options) }, io)
        : await signIn(client, { ...request, username, scopes }, { io, password, read })
    trace.conceal(result.accessToken, result.idToken)
    if (expected !== undefined) return reportUnexpectedSuccess(io, expected)
    await printResult(result, options, io)
    return exitCode.ok
  } catch (error) {
    const code = reportError(io, error, correlationId)
    if (expected !== undefined) return judgeFailure(io, expected, error, code)
    if (!byDeviceCode) suggestDeviceCode(io, error)
    return code
  } finally {
    await client.close()
  }
}

type Request = CallOptions & { readonly username: string }

async function dryRun(client: RopcClient, request: Request, options: TokenOptions, io: CliIo): Promise<void> {
  const { claims: _, ...rest } = request
  const discovery = await client.discover(rest)
  note(
    io,
    `dry run: the password of ${display(request.username)} would go to ${display(discovery.sendTo)} (${pathText(discovery)}); it was not asked for`,
  )
  if (!options.flag('json')) return
  const { path, sendTo, wsTrust } = discovery
  await printLine(io, toJsonLine({ sendTo, path, ...(wsTrust === undefined ? {} : { wsTrust }) }))
}

async function signIn(
  client: RopcClient,
  request: Request & { readonly scopes: readonly string[] },
  at: { io: CliIo; password: Secret | undefined; read: () => Promise<Secret | undefined> },
): Promise<TokenResult> {
  const { io, password, read } = at
  // Whoever gives a password gets a fresh answer, or learns that it is wrong.
  if (password !== undefined) return client.acquireTokenByUsernamePassword({ ...request, password })
  return client.acquireToken({
    ...request,
    password: async ({ username, sendTo, signal }) => {
      const question = `Password for ${display(username)} (goes to ${display(sendTo)}): `
      return (await read()) ?? (await promptHidden(io, question, signal))
    },
  })
}

async function printResult(result: TokenResult, options: TokenOptions, io: CliIo): Promise<void> {
  if ((result.source === 'cache' || result.source === 'refresh_token') && !options.flag('quiet')) {
    const from = result.source === 'cache' ? 'the cache' : 'a refresh token of the cache'
    note(io, `the token came from ${from}; no password was used`)
  }
  await printLine(io, options.flag('json') ? toJsonLine(publicResult(result)) : result.accessToken)
}

function namedUser(options: TokenOptions): { readonly username?: string } {
  const username = options.text('username')
  return username === undefined ? {} : { username }
}

/** Shows a warning unless the user asked not to see its code. */
function warningSink(options: TokenOptions, io: CliIo): (code: string, message: string) => void {
  const suppressed = options.list('suppress-warning')
  return (code, message) => {
    if (!suppressed.includes(code)) noteWarning(io, code, message)
  }
}

async function readClientOptions(options: TokenOptions, io: CliIo, trace: TraceTap): Promise<ClientOptions> {
  const clientId = required(options, 'client-id', 'Pass the "Application (client) ID" of your app registration.')
  const authority = options.text('authority')
  const connection = await readConnection(options)
  const tellStep = createStepLog({
    step: options.flag('quiet') ? () => {} : withoutRepeats((line) => note(io, line)),
    warning: warningSink(options, io),
  })
  return {
    clientId,
    ...(authority === undefined ? {} : { authority }),
    ...connection,
    offlineAccess: !options.flag('no-offline-access'),
    onEvent: (event) => {
      trace.onEvent(event)
      tellStep(event)
    },
  }
}

function readCallOptions(options: TokenOptions): CallOptions {
  const tenantId = options.text('tenant')
  const correlationId = options.text('correlation-id')
  const claims = options.text('claims')
  return {
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(claims === undefined ? {} : { claims }),
  }
}

function pathText({ path, wsTrust }: Discovery): string {
  return wsTrust === undefined ? path.type : `${path.type}, WS-Trust ${wsTrust.version} at ${display(wsTrust.url)}`
}

function publicResult(result: TokenResult): Record<string, unknown> {
  const { accessToken, expiresOn, tokenType, scopes, account, path, passwordSentTo, correlationId } = result
  return {
    accessToken,
    expiresOn: expiresOn.toISOString(),
    tokenType,
    scopes,
    // Always there, so that a script need not ask twice.
    account: account ?? null,
    path,
    ...(passwordSentTo === undefined ? {} : { passwordSentTo }),
    correlationId,
  }
}
