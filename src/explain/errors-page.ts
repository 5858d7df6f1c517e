import type { Advice, FailureClass } from '../protocol/advice.ts'
import { adfsEvents } from '../protocol/where-to-look.ts'
import { errorClasses, errorCodes, faultOf } from './error-codes.ts'
import { anchorOf, type CodeKind } from './explanation.ts'
import { type PeerName, peerCodes, peerMessages } from './peer-names.ts'
import { peerRemedy, peersOf, sentence, serverCodes } from './registries.ts'
import { warningCodes } from './warning-codes.ts'

/** Makes docs/errors.md from the registries. The ids in it are for good: people link to them. */
export function renderErrorsPage(): string {
  return `${[
    '# Errors',
    '<!-- Made by scripts/errors-page.js from src/explain, src/protocol and src/wstrust: do not edit it here. -->',
    howToRead,
    contents,
    ownCodes(),
    aadstsSection(),
    codesSection(
      'aadb2c',
      'Azure AD B2C',
      'At the head of `error_description`; the OAuth `error` beside it is often `access_denied`.',
    ),
    adfsSection(),
    oauthSection(),
    peersSection(),
    warningsSection(),
  ].join('\n\n')}\n`
}

const howToRead = `Every error is an \`AuthError\`. Its **class** says whose fault it is, \`code\` what happened, \`step\` where, \`hint\` what to change,
and \`whereToLook\` which log knows more. What a server said stands beside it: \`error\`, \`suberror\`, \`errorCodes\` (AADSTS numbers),
\`serverCode\` (AADB2C, MSIS), \`faultSubcode\` and \`idCode\` (AD FS).

\`\`\`console
$ ropc explain AADSTS50126
$ ropc explain error.json
$ some-command 2>&1 | ropc explain -
\`\`\`

finds every code of this page in an error, a message or a log, offline. When an error has several, the most telling comes first:
AADSTS70002 beside 50126 is a wrong password.

**Programs** branch on the class, on \`code\`, and on the server’s \`error\` and \`suberror\`. The numbers are diagnostics for people:
Microsoft changes them, so nothing here decides by them, and neither should your program.

How sure a row is: *published* stands in Microsoft’s documentation or a standard, *observed* was seen in the field, *reported* comes
from others and is unconfirmed.`

const contents = `- [Codes of ropc-client](#codes-of-ropc-client)
- [AADSTS: Entra ID](#aadsts-entra-id)
- [AADB2C: Azure AD B2C](#aadb2c-azure-ad-b2c)
- [AD FS](#ad-fs): MSIS, ID, SOAP faults
- [OAuth errors](#oauth-errors): \`error\` and \`suberror\`
- [Names of other libraries](#names-of-other-libraries)
- [Warnings](#warnings)`

function ownCodes(): string {
  const classes = Object.entries(errorClasses).map(([name, { fault, exitCode }]) => [
    link(name, name.toLowerCase()),
    cell(fault),
    String(exitCode),
  ])
  return [
    '## Codes of ropc-client',
    table(['class', 'the fault lies with', 'exit code of `ropc`'], classes),
    ...Object.keys(errorClasses).flatMap((name) => [`### ${name}`, ownTable(name)]),
  ].join('\n\n')
}

function ownTable(className: string): string {
  const rows = Object.entries(errorCodes).flatMap(([name, entry]) => {
    const [first, ...others] = entry.classes
    if (first !== className) return []
    const exit =
      entry.exitCode === undefined ? '' : ` Exit code ${entry.exitCode}; the fault lies with ${faultOf(entry)}.`
    const also = others.length === 0 ? '' : ` Also of class ${others.map(code).join(', ')}.`
    const elsewhere = peersOf(name).map((peer) => link(peer, anchorOf('peer', peer)))
    return [
      [anchored('error_code', name), `${cell(entry.meaning)}.${also}${exit}`, cell(entry.remedy), elsewhere.join(', ')],
    ]
  })
  return table(['code', 'what happened', 'what to do', 'elsewhere'], rows)
}

/** In the order in which somebody would look: what the user can mend first. */
const classTitles: Readonly<Record<FailureClass, readonly [title: string, introduction: string]>> = {
  credential: ['User name, password, assertion, refresh token', 'The user, or whoever runs the program, has to act.'],
  account_state: ['The account', 'The account exists and may not sign in now.'],
  interaction_required: [
    'A step that this grant does not have',
    'A user name and password can never satisfy these: use a device code or an interactive sign-in, or have the account excluded.',
  ],
  tenant_policy: ['Policies of the tenant', 'An administrator decides.'],
  consent: ['Consent', 'The user or an administrator must consent to the scopes.'],
  client_registration: ['The application', 'Its registration, its secret, its permissions.'],
  request: ['The request', 'Authority, tenant, cloud, scopes, parameters.'],
  federation: ['Federation', 'The federation server, its trust with Entra, the agents of pass-through authentication.'],
  throttled: ['Too many requests', 'Wait, cache tokens, and do not loop.'],
  transient: ['Failures that pass', 'Try again later; a request with a credential is never repeated by itself.'],
}

function aadstsSection(): string {
  const sections = Object.entries(classTitles).flatMap(([failureClass, [title, introduction]]) => {
    const rows = Object.entries(serverCodes.aadsts).filter(([, advice]) => advice.class === failureClass)
    if (rows.length === 0) return []
    return [`### AADSTS: ${title}`, `Class \`${failureClass}\`. ${introduction}`, adviceTable('aadsts', rows, false)]
  })
  return [
    '## AADSTS: Entra ID',
    'At the head of `error_description`, and as numbers in `error_codes`. A number that is not here may be explained at `https://login.microsoftonline.com/error?code=N`.',
    ...sections,
  ].join('\n\n')
}

function codesSection(kind: 'aadb2c', title: string, introduction: string): string {
  return [`## AADB2C: ${title}`, introduction, adviceTable(kind, Object.entries(serverCodes[kind]))].join('\n\n')
}

function adfsSection(): string {
  return [
    '## AD FS',
    `AD FS tells its callers little. Its administrator finds more in the event log “AD FS/Admin”, ${adfsEvents}; \`Get-AdfsEndpoint\` lists the endpoints.`,
    '### Token endpoint: MSIS',
    'At the head of `error_description` of `/adfs/oauth2/token`.',
    adviceTable('msis', Object.entries(serverCodes.msis)),
    '### WS-Trust: ID and MSIS',
    'At the head of the reason of a SOAP fault.',
    adviceTable('adfs_fault', Object.entries(serverCodes.adfs_fault)),
    '### SOAP fault codes',
    'Of SOAP, WS-Addressing, WS-Security and WS-Trust, by their local names: a prefix such as `wsse:` or `a:` does not matter.',
    adviceTable('soap_fault', Object.entries(serverCodes.soap_fault)),
  ].join('\n\n')
}

function oauthSection(): string {
  return [
    '## OAuth errors',
    'RFC 6749 §5.2 and OpenID Connect; `suberror` is Entra’s addition. These are for programs.',
    '### error',
    adviceTable('oauth_error', Object.entries(serverCodes.oauth_error)),
    '### suberror',
    adviceTable('suberror', Object.entries(serverCodes.suberror)),
  ].join('\n\n')
}

function peersSection(): string {
  const here = (names: readonly string[]): string =>
    names.length === 0
      ? '–'
      : names.map((name) => link(name, anchorOf(name in errorCodes ? 'error_code' : 'warning', name))).join(', ')
  const row = (key: string, entry: PeerName, spelt: string): string[] => [
    `<a id="${anchorOf('peer', key)}"></a>${spelt}`,
    entry.libraries.join(', '),
    cell(entry.meaning),
    here(entry.here),
    cell(peerRemedy(entry)),
  ]
  return [
    '## Names of other libraries',
    'What MSAL and ADAL call a failure, and what it is here.',
    table(
      ['name', 'library', 'what it means there', 'here', 'what to do'],
      Object.entries(peerCodes).map(([key, entry]) => row(key, entry, code(key))),
    ),
    'Failures that have a message there and no code, by words of the message:',
    table(
      ['message has', 'library', 'what it means there', 'here', 'what to do'],
      Object.entries(peerMessages).map(([key, entry]) =>
        row(key, entry, entry.messages.map((message) => `“${cell(message)}”`).join(', ')),
      ),
    ),
  ].join('\n\n')
}

function warningsSection(): string {
  return [
    '## Warnings',
    `A warning is an event of the client (\`type: 'warning'\`), and a line on stderr of the command. To silence one, name its code: \`--suppress-warning CODE\` on the command line, \`suppressWarnings: ['CODE']\` for a client. The file stores hand theirs to \`onWarning\`.`,
    table(
      ['code', 'what was noticed', 'what to do'],
      Object.entries(warningCodes).map(([name, { meaning, remedy }]) => [
        anchored('warning', name),
        cell(meaning),
        cell(remedy),
      ]),
    ),
  ].join('\n\n')
}

function adviceTable(kind: CodeKind, entries: readonly (readonly [string, Advice])[], withClass = true): string {
  return table(
    ['code', 'what it means', 'what to do', ...(withClass ? ['class'] : []), 'source'],
    entries.map(([name, advice]) => [
      anchored(kind, name),
      advice.name === undefined ? cell(sentence(advice.meaning)) : `**${cell(advice.name)}**: ${cell(advice.meaning)}`,
      cell(advice.remedy),
      ...(withClass ? [code(advice.class)] : []),
      advice.source,
    ]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function anchored(kind: CodeKind, name: string): string {
  return `<a id="${anchorOf(kind, name)}"></a>${code(name)}`
}

function link(name: string, anchor: string): string {
  return `[${code(name)}](#${anchor})`
}

function code(text: string): string {
  return `\`${text}\``
}

/** Text as it is, whatever Markdown would make of its characters; code spans stay code. */
function cell(text: string): string {
  return text
    .split(/(`[^`|]+`)/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll('&', '&amp;')
            .replaceAll('<', '&lt;')
            .replace(/[\\|*[\]]|\b_|_\b/g, '\\$&'),
    )
    .join('')
}
