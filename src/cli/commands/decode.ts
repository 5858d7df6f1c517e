import { parseOptions } from '../args.ts'
import { onlyArgument } from '../connection.ts'
import { decodeText } from '../decode/decode.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { printLine, toJsonLine } from '../output.ts'
import { openPage, printLines } from '../page.ts'
import { readTextInput } from '../text-input.ts'

const decodeHelp = `Usage: ropc decode FILE | - | TEXT [--json]

Takes a message of a sign-in apart, offline, and says what its parts mean. Nothing is verified.
  ropc token … | ropc decode -
  ropc token … --json | ropc decode -
  ropc decode assertion.xml
  ropc decode eyJ1aWQiOi…

Recognised are: a JWT (access token, id_token), a SAML 1.1 or 2.0 assertion, client_info, a token response or an OAuth error
as JSON, and the answer of a WS-Trust endpoint (RSTR, or a SOAP fault); as they are, behind "Bearer", in quotes, or as
base64 or base64url. Of a JWT the header and the claims are shown, of an assertion its facts; never a signature, a whole
token, a refresh token, or what an assertion says of the user.

An argument that names a file is read, "-" is standard input, both up to 1 MiB; anything else is the text itself. A token
on the command line stays in the history of the shell: prefer a file or "-".

  --json                 print one JSON object: version, verified (always false), wrappings, decoded
  -h, --help

Exit codes: 0 decoded, 1 defect of ropc, 2 usage, or nothing that is known, 130 interrupted.`

const specs = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** `ropc decode`: what is in a token, an assertion or a message. */
export async function runDecode(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs, 'taken')
  if (options.flag('help')) {
    await printLine(io, decodeHelp)
    return exitCode.ok
  }
  const source = onlyArgument(options, 'Write the name of a file, "-", or the text itself, in quotes if it has blanks.')
  const at = Math.floor(Date.now() / 1_000)
  const result = await decodeText((await readTextInput(source, io)) ?? source, at)
  if (options.flag('json')) {
    await printLine(io, toJsonLine({ version: 1, verified: false, ...result }))
    return exitCode.ok
  }
  const { renderDecoded } = await import('../decode/render.ts')
  await printLines(io, renderDecoded(openPage(io), result, at))
  return exitCode.ok
}
