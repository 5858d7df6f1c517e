import { decodeBase64Url } from '../../protocol/base64url.ts'
import type { Timings } from '../../protocol/http.ts'
import type { RedactedRequest, RedactedResponse } from '../../redact/redacted-message.ts'
import { isShown, type MessagePart, requestParts, responseParts } from '../message-parts.ts'
import { explainField, showInstant } from '../messages.ts'
import { readMexCandidates } from '../mex-chain.ts'
import { hostOf, presents } from '../run-facts.ts'
import type { Hop, Run } from '../runs.ts'
import { jsonBlock, plainBlock, xmlBlock } from './code-lines.ts'
import { curlCommand } from './curl.ts'
import { candidateTable, factTable, verdictTable } from './decision.ts'
import { breakable, type Content, type Markup, markup, shownValue, table } from './markup.ts'
import { credentialWords, formatMs } from './step-words.ts'

/** A request and its answer, each decoded beside raw; what the answer was read as; where the time went; the request as curl. */
export function renderHop(run: Run, hop: Hop, id: string): Markup {
  const { request, response, parses } = hop
  const credential = presents(run, hop)
  return markup`${
    credential !== undefined &&
    markup`<p class="credential"><strong>${hostOf(request.url)}</strong> gets the ${credentialWords[credential]} with this request.</p>`
  }
${parses.map((parse) => reading(run, hop, parse))}
<div class="exchange" data-view="decoded">
<div class="views" role="group" aria-label="Show the messages">${viewButtons}</div>
${pane('Request', requestParts(hop), request.message, request.message && requestLine(request.message), id)}
${
  response === undefined
    ? markup`<p class="lead">No answer came.</p>`
    : pane('Response', responseParts(hop), response.message, response.message && `HTTP ${response.status}`, id)
}
</div>
${timingTable(response?.timings ?? response?.message?.timings)}
${request.message !== undefined && curlBlock(request.message, id)}`
}

function reading(run: Run, hop: Hop, { step, what, facts, checks }: Hop['parses'][number]): Content {
  const read = isShown(hop, what) ? undefined : factTable('What it says', facts, (name) => explainField(step, name))
  const judged = what === 'MEX document' ? describedEndpoints(run, hop) : verdictTable('What was checked', checks)
  return (read || judged) && markup`<section class="read"><h5>Read as: ${what}</h5>${read}${judged}</section>`
}

// Metadata that offers nothing ends the call before anything is decided; then its endpoints are told here.
function describedEndpoints(run: Run, hop: Hop): Content {
  const decision = run.steps.findIndex((step) => !('kind' in step) && step.type === 'decision' && step.step === 'mex')
  if (decision !== -1) return markup`<p class="quiet">Each endpoint has its verdict in step ${decision + 1}.</p>`
  const candidates = readMexCandidates(hop)
  return candidates.length > 0 && candidateTable(run, 'Every endpoint that it describes', candidates)
}

const viewButtons: Markup = markup`<button type="button" data-show="decoded" aria-pressed="true">Decoded</button><button type="button" data-show="raw" aria-pressed="false">Raw</button><button type="button" data-show="both" aria-pressed="false">Side by side</button>`

function pane(
  title: string,
  parts: readonly MessagePart[],
  message: RedactedRequest | RedactedResponse | undefined,
  firstLine: string | undefined,
  id: string,
): Markup {
  if (message === undefined) return markup`<p class="quiet">${title}: the trace does not hold the message.</p>`
  const headingId = `${id}-${title.toLowerCase()}`
  const headers = Object.entries(message.headers).map(([name, value]) => `${name}: ${value}`)
  const raw = [firstLine, ...headers, '', message.body ?? ''].join('\n').trimEnd()
  return markup`<section class="message" aria-labelledby="${headingId}"><h5 id="${headingId}">${title}</h5>
<div class="panes"><div class="decoded">${decoded(title, parts, message.body ?? '')}</div>
<div class="raw"><h6>Raw ${title.toLowerCase()}</h6>${plainBlock(raw)}</div></div></section>`
}

const places: Readonly<Record<MessagePart['in'], string>> = {
  query: 'Parameters of the URL',
  form: 'Form fields',
  json: 'Members of the JSON object',
  xml: 'Elements of the XML',
  text: 'Body',
  header: 'Headers',
}

function decoded(title: string, parts: readonly MessagePart[], body: string): Content {
  const words = title === 'Request' ? 'Why it is sent' : 'What it means'
  const tables = Object.entries(places).map(([place, caption]): Content => {
    const own = parts.filter((part) => part.in === place)
    if (own.length === 0) return undefined
    if (place === 'text') return own.map(({ value }) => plainBlock(value))
    const hasWords = own.some(({ why }) => why !== undefined)
    const made = table(
      caption,
      hasWords ? ['Name', 'Value', words] : ['Name', 'Value'],
      own.map(({ name, value, why }) => ({
        cells: [
          breakable(name),
          [shownValue(showInstant(value)), decodedValue(name, value)],
          ...(hasWords ? [why] : []),
        ],
      })),
    )
    return place === 'header'
      ? markup`<details class="headers"><summary>${own.length} ${own.length === 1 ? 'header' : 'headers'}</summary>${made}</details>`
      : made
  })
  // Of a page its title is kept, and that is no XML.
  const xml = /^\s*<(?!title>)/.test(body) ? xmlBlock(body) : undefined
  const isEmpty = parts.length === 0
  return [
    tables,
    xml && markup`<details class="formatted"><summary>The whole XML, one element a line</summary>${xml}</details>`,
    isEmpty && markup`<p class="quiet">Nothing but the address.</p>`,
  ]
}

/** What is inside a value: the header and the claims of a JWT, JSON, base64url of JSON or XML. */
function decodedValue(name: string, value: string): Content {
  const [head = '', payload = '', signature] = value.split('.')
  if (signature !== undefined) {
    const [header, claims] = [head, payload].map((part) => jsonBlock(decodeBase64Url(part) ?? ''))
    if (header === undefined || claims === undefined) return undefined
    return markup`<details class="inside"><summary>Decoded JWT<span class="hidden"> of ${name}</span></summary><h6>Header</h6>${header}<h6>Claims</h6>${claims}</details>`
  }
  const json = jsonBlock(value)
  if (json !== undefined)
    return markup`<details class="inside"><summary>As JSON<span class="hidden">: ${name}</span></summary>${json}</details>`
  const inner = value.length < 8 ? undefined : decodeBase64Url(value)
  const block =
    inner === undefined ? undefined : (jsonBlock(inner) ?? (inner.startsWith('<') ? xmlBlock(inner) : undefined))
  return (
    block &&
    markup`<details class="inside"><summary>Decoded base64url<span class="hidden"> of ${name}</span></summary>${block}</details>`
  )
}

const phases: Readonly<Record<keyof Timings, string>> = {
  dnsMs: 'Name look-up (DNS)',
  connectMs: 'Connect (TCP)',
  tlsMs: 'TLS handshake',
  firstByteMs: 'Until the first byte',
  totalMs: 'All',
}

function timingTable(timings: Timings | undefined): Content {
  if (timings === undefined) return undefined
  const rows = Object.entries(phases).flatMap(([name, words]) => {
    const ms = timings[name as keyof Timings]
    return ms === undefined ? [] : [{ cells: [words, formatMs(ms)] }]
  })
  return markup`<div class="timings">${table('Where the time went', ['Phase', 'Time'], rows)}</div>`
}

function requestLine({ method, url }: RedactedRequest): string {
  return `${method} ${url}`
}

function curlBlock(message: RedactedRequest, id: string): Markup {
  return markup`<details class="curl"><summary>The same request with curl</summary>
<button type="button" class="copy" data-copy="${id}-curl">Copy</button><span class="copied" role="status"></span>
<div id="${id}-curl">${plainBlock(curlCommand(message))}</div>
<p class="quiet">Secrets are variables: set them in the shell (<code>read -rs PASSWORD</code>) so that they stay out of its history.</p></details>`
}
