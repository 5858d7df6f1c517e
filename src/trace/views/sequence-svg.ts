import { type Content, type Markup, markup, type Tone } from '../report/markup.ts'
import {
  capital,
  credentialWords,
  formatMs,
  type RunStep,
  shortChoice,
  stepWords,
  wordsFor,
} from '../report/step-words.ts'
import { hostOf, presents } from '../run-facts.ts'
import { eventsOf, type Hop, type Run } from '../runs.ts'

// Drawn without measuring text, which only a browser could: a letter counts as so many pixels, and what is longer is cut.
const letter = 7.3
const lane = { first: 96, apart: 236 }
const boxWidth = 196

interface Party {
  readonly name: string
  /** Below the name: a host, or what the party is. */
  readonly place: string
  readonly x: number
}

/** A row of the diagram: its drawing, the room it takes, and what it says for who cannot see it. */
interface Row {
  readonly height: number
  readonly words: string
  /** The anchor it leads to. */
  readonly target: string
  readonly draw: (y: number) => Markup
}

/**
 * Who sent what to whom, as inline SVG with lifelines App, Client and every server; decisions are notes. Every step of the run
 * is in it, as a link to its details; below it the same as a list.
 */
export function sequenceFigure(run: Run, id: string): Markup {
  const parties = partiesOf(run)
  const rows = rowsOf(run, parties, id)
  const top = 92
  const height = rows.reduce((sum, row) => sum + row.height, top) + 20
  const width = lane.first * 2 + lane.apart * (parties.size - 1)
  let y = top
  const drawn = rows.map((row) => {
    const made = markup`<a href="#${row.target}"><title>${row.words}</title>${row.draw(y)}</a>`
    y += row.height
    return made
  })
  return markup`<figure class="sequence"><div class="scroll" role="region" tabindex="0" aria-label="Sequence diagram"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-labelledby="${id}-svg-title ${id}-svg-desc"><title id="${id}-svg-title">Sequence diagram</title><desc id="${id}-svg-desc">${[
    ...parties.values(),
  ]
    .map(({ name, place }) => `${name} (${place})`)
    .join(', ')}, in ${rows.length} rows. The list below the diagram says the same.</desc>
${[...parties.values()].map((party) => drawParty(party, height))}
${drawn}
</svg></div>
<details class="alternative"><summary>The diagram as a list</summary><ol>${rows.map(
    ({ words, target }) => markup`<li><a href="#${target}">${words}</a></li>`,
  )}</ol></details></figure>`
}

const app = 'app'
const client = 'client'

function partiesOf(run: Run): ReadonlyMap<string, Party> {
  const found = new Map<string, Party>()
  const add = (key: string, name: string, place: string): void => {
    if (!found.has(key)) found.set(key, { name, place, x: lane.first + lane.apart * found.size })
  }
  add(app, 'App', 'your program')
  add(client, 'Client', 'ropc-client')
  for (const step of run.steps) if ('kind' in step) add(...hostParty(run, step))
  return found
}

const serverNames: Readonly<Record<string, string>> = {
  entra: 'Entra ID',
  adfs: 'AD FS',
  b2c: 'Azure AD B2C',
  ciam: 'External ID',
  oidc: 'OpenID provider',
}

function hostParty({ start }: Run, { request: { step, url } }: Hop): [key: string, name: string, place: string] {
  const host = hostOf(url)
  if (step === 'mex' || step === 'wstrust') return [host, /\/adfs\//i.test(url) ? 'AD FS' : 'Federation server', host]
  return [host, wordsFor(serverNames, start?.authority.kind) ?? 'Server', host]
}

/** What the program asks for. */
const requests: Readonly<Record<string, string>> = {
  acquireTokenByUsernamePassword: 'user name and password',
  acquireTokenSilent: 'a token, silently',
  acquireTokenByDeviceCode: 'a device code',
  verifyIdToken: 'an id_token to verify',
}

function rowsOf(run: Run, parties: ReadonlyMap<string, Party>, id: string): Row[] {
  const at = (key: string): Party => parties.get(key) ?? { name: '', place: '', x: lane.first }
  const rows: Row[] = [
    arrowRow(`${id}-title`, at(app), at(client), {
      label: wordsFor(requests, run.start?.operation) ?? run.start?.operation ?? 'a call',
      tone: 'plain',
    }),
  ]
  for (const [index, step] of run.steps.entries()) {
    const target = `${id}-step-${index + 1}`
    const number = `${index + 1} `
    if ('kind' in step) {
      const server = at(hostOf(step.request.url))
      const credential = presents(run, step)
      rows.push(
        arrowRow(target, at(client), server, {
          label: `${number}${step.request.method} ${stepWords(step).title}`,
          tone: 'plain',
          ...(credential === undefined ? {} : { carries: credentialWords[credential] }),
        }),
        answerRow(target, server, at(client), step),
      )
    } else rows.push(noteRow(target, at(client), noteWords(step, number), step.type))
  }
  const { error, tokens } = run
  if (error !== undefined) {
    rows.push(arrowRow(`${id}-end`, at(client), at(app), { label: `✕ ${error.name}`, tone: 'bad', dashed: true }))
  } else if (tokens.length > 0 || (run.end?.ok === true && eventsOf(run, 'cache').some(({ hit }) => hit))) {
    rows.push(arrowRow(`${id}-end`, at(client), at(app), { label: '✓ access token', tone: 'good', dashed: true }))
  } else if (run.end !== undefined) {
    rows.push(arrowRow(`${id}-end`, at(client), at(app), { label: 'end', tone: 'plain', dashed: true }))
  }
  return rows
}

function noteWords(step: Exclude<RunStep, Hop>, number: string): readonly string[] {
  switch (step.type) {
    case 'decision':
      return [`${number}${capital(step.question)}:`, shortChoice(step.chosen)]
    case 'cache':
      return [`${number}Token cache: ${step.hit ? '✓ hit' : 'no hit'}`]
    case 'retry':
      return [`${number}Again after ${formatMs(step.waitMs)}`, step.reason]
    case 'warning':
      return [`${number}! ${step.code}`]
  }
}

interface Arrow {
  readonly label: string
  readonly tone: Tone
  /** The credential that travels. */
  readonly carries?: string
  readonly dashed?: boolean
}

function arrowRow(target: string, from: Party, to: Party, arrow: Arrow): Row {
  const { label, tone, carries, dashed = false } = arrow
  const words = `${from.name} to ${to.name}${to.place === '' || to.place === to.name ? '' : ` (${to.place})`}: ${label}${
    carries === undefined ? '' : `, with the ${carries}`
  }`
  return {
    height: carries === undefined ? 36 : 56,
    words,
    target,
    draw: (y) => {
      const line = y + (carries === undefined ? 24 : 44)
      const right = Math.max(from.x, to.x)
      const left = Math.min(from.x, to.x)
      const room = Math.floor((Math.min(right - left, lane.apart * 1.9) - 26) / letter)
      return markup`<g class="arrow ${tone}${dashed && ' dashed'}${carries !== undefined && ' carries'}">${head(from, to, line)}<text x="${left + 12}" y="${
        line - 7
      }">${cut(label, room)}</text>${carries !== undefined && badge(left + 12, line - 40, `with the ${carries}`)}</g>`
    },
  }
}

// There is room for one word or two.
const inTokens: ReadonlySet<string> = new Set(['token response', 'id_token'])

function answerRow(target: string, server: Party, to: Party, { response, parses }: Hop): Row {
  if (response === undefined) {
    return arrowRow(target, server, to, { label: '✕ no answer', tone: 'bad', dashed: true })
  }
  const { status, durationMs } = response
  const ok = status >= 200 && status < 300
  const read = [...new Set(parses.map(({ what }) => (inTokens.has(what) ? 'tokens' : what)))].join(', ')
  const label = `${ok ? '✓' : '✕'} ${status} · ${formatMs(durationMs)}${read === '' ? '' : ` · ${read}`}`
  const row = arrowRow(target, server, to, { label, tone: ok ? 'good' : 'bad', dashed: true })
  return { ...row, height: row.height + 8 }
}

function head(from: Party, to: Party, y: number): Markup {
  const direction = from.x < to.x ? -1 : 1
  const tip = to.x + direction
  return markup`<path class="line" d="M${from.x} ${y}H${tip}"/><path class="tip" d="M${tip} ${y}l${direction * 8} -4.5v9z"/>`
}

function badge(x: number, y: number, text: string): Markup {
  const width = Math.ceil(text.length * letter) + 18
  return markup`<rect class="badge" x="${x - 4}" y="${y}" width="${width}" height="19" rx="9.5"/><text class="badge-text" x="${x + 4}" y="${y + 13.5}">${text}</text>`
}

function noteRow(target: string, over: Party, lines: readonly string[], kind: string): Row {
  const room = Math.floor((boxWidth - 20) / letter)
  const shown = lines.flatMap((line) => wrap(line, room)).slice(0, 4)
  const height = shown.length * 17 + 12
  return {
    height: height + 14,
    words: lines.join(' '),
    target,
    draw: (y) =>
      markup`<g class="note ${kind}"><rect x="${over.x - boxWidth / 2}" y="${y + 4}" width="${boxWidth}" height="${height}" rx="6"/>${shown.map(
        (line, index) => markup`<text x="${over.x - boxWidth / 2 + 10}" y="${y + 22 + index * 17}">${line}</text>`,
      )}</g>`,
  }
}

function drawParty({ name, place, x }: Party, height: number): Content {
  return markup`<g class="party"><path class="life" d="M${x} 66V${height - 12}"/><rect x="${x - 88}" y="14" width="176" height="52" rx="8"/><text class="name" x="${x}" y="36">${cut(name, 24)}</text><text class="place" x="${x}" y="55">${cut(place, 27)}</text></g>`
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text
}

/** Lines of at most so many letters, broken at blanks and, in what has none, behind a slash or anywhere. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = []
  let rest = text.slice(0, room * 5)
  while (rest.length > room) {
    const blank = Math.max(rest.lastIndexOf(' ', room), rest.lastIndexOf('/', room - 1))
    const end = blank > room / 3 ? blank + 1 : room
    lines.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end)
  }
  return [...lines, rest]
}
