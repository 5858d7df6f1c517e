import { createHash } from 'node:crypto'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { collectTrace } from '../../src/trace/collect.ts'
import { htmlOf } from '../../src/trace/report/markup.ts'
import { renderRun } from '../../src/trace/report/run.ts'
import { reportScript, scriptHash } from '../../src/trace/report/script.ts'
import { reportStyle, styleHash } from '../../src/trace/report/style.ts'
import { readRuns } from '../../src/trace/runs.ts'
import { questions, summarise } from '../../src/trace/summary.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { renderHtml } from '../../src/trace/views/html.ts'
import { sequenceFigure } from '../../src/trace/views/sequence-svg.ts'
import { longTrace } from '../browser/long-trace.ts'
import { secrecyContract } from '../contract/secrecy.ts'
import { demo, simulate } from '../flows/simulated.ts'
import { record as recordAnew, scenarios } from './scenarios.ts'

const recorded = new Map<string, Promise<Trace>>()

function record(name: string): Promise<Trace> {
  const trace = recorded.get(name) ?? recordAnew(name)
  recorded.set(name, trace)
  return trace
}

const sha256 = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

const words = (html: string): string =>
  html
    .replace(/<(style|script)>.*?<\/\1>/gs, ' ')
    .replace(/<wbr>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ')

describe('the words that OAuth does not have', () => {
  it.each([
    ['federated-wrong-password', ['User realm', 'Federation server', 'MEX', 'WS-Trust', 'SAML assertion']],
    ['managed', ['User realm', 'Federation server']],
    ['silent', []],
  ])('are explained where a call needs them: %s', async (name, expected) => {
    const last =
      renderHtml(await record(name))
        .split('<article')
        .at(-1) ?? ''
    const list = /<dl class="words">.*?<\/dl>/s.exec(last)?.[0] ?? ''
    expect([...list.matchAll(/<dt>([^<]*)/g)].map(([, term]) => term)).toEqual(expected)
  })
})

describe('the page', () => {
  it('names the hashes of its own style sheet and script, and allows nothing else', async () => {
    expect({ styleHash, scriptHash }).toEqual({ styleHash: sha256(reportStyle), scriptHash: sha256(reportScript) })
    const html = renderHtml(await record('managed'))
    expect(html).toContain(`<style>${reportStyle}</style>`)
    expect(html).toContain(`<script>${reportScript}</script>`)
    expect(/http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]).toMatch(
      /^default-src &#39;none&#39;; style-src &#39;sha256-[^;]+&#39;; script-src &#39;sha256-[^;]+&#39;; img-src data:;/,
    )
    // What the policy would stop is not there to begin with.
    const rest = html.replace(reportStyle, '').replace(reportScript, '')
    expect(rest.match(/<[^>]*\s(?:style|on\w+|src)=/g)).toBeNull()
    expect(rest.match(/<(?:script|style|link|img|iframe)\b/g)).toEqual(['<style', '<script'])
  })

  it('is the same for the same trace', async () => {
    const trace = await record('federated')
    expect(renderHtml(trace)).toBe(renderHtml(structuredClone(trace)))
  })

  it('tells what came of a retry: an error page is no XML, and a token’s source is told in words', async () => {
    const html = renderHtml(await record('mex-fallback'))
    // The WS-Trust request and its answer; the two error pages are none.
    expect(html.split('The whole XML').length - 1).toBe(2)
    expect(words(html)).toMatch(
      / Again after 1\.0 s .* 200 · 10 ms · tokens .* 1 header .* Obtained with user name and password /,
    )
  })

  it('has another title if one is given', async () => {
    const trace = await record('managed')
    expect(renderHtml(trace)).toContain('<title>Sign-in with user name and password: token obtained</title>')
    expect(renderHtml(trace, { title: 'Monday & <b>' })).toContain('<h1>Monday &amp; &lt;b&gt;</h1>')
  })

  it('of several calls has a list of them', async () => {
    const html = renderHtml(await record('silent'))
    expect(html).toContain('<title>3 calls, none failed</title>')
    expect(words(html).match(/Token obtained From the cache: nothing was sent\./g)?.length).toBe(2)
    for (const id of ['run-1', 'run-2', 'run-3']) {
      expect(html).toContain(`<a href="#${id}">`)
      expect(html).toContain(`<article class="run" id="${id}"`)
    }
  })

  it('of an empty trace says so', () => {
    const empty: Trace = { version: 1, product: 'ropc-client/0', level: 'share', events: [] }
    expect(words(renderHtml(empty))).toContain('This trace holds no call.')
  })

  it('of a trace that was cut off shows what is left', async () => {
    const trace = await record('federated')
    for (let first = 0; first < trace.events.length; first += 3) {
      const rest = { ...trace, events: trace.events.slice(first) }
      expect(renderHtml(rest)).toContain('</html>')
      expect(renderHtml({ ...trace, events: trace.events.slice(0, first) })).toContain('</html>')
    }
  })
})

describe('a run', () => {
  it.each(Object.keys(scenarios))('%s: answers the five questions in words', async (name) => {
    for (const run of readRuns(await record(name))) {
      const shown = words(renderRun(run))
      const { clockSkew: _, ...answers } = summarise(run)
      for (const [key, { sentence }] of Object.entries(answers)) {
        expect(shown).toContain(questions[key as keyof typeof questions])
        expect(shown).toContain(sentence.replace(/\s+/g, ' '))
      }
    }
  })

  it.each(Object.keys(scenarios))('%s: has every step in the timeline, the diagram and the details', async (name) => {
    for (const run of readRuns(await record(name))) {
      const html = renderRun(run, { id: 'x' })
      const ids = run.steps.map((_, index) => `x-step-${index + 1}`)
      const timeline = /<nav class="timeline".*?<\/nav>/s.exec(html)?.[0] ?? ''
      const svg = /<svg viewBox.*?<\/desc>(.*?)<\/svg><\/div>/s.exec(html)?.[1] ?? ''
      for (const part of [timeline, svg]) {
        const linked = [...part.matchAll(/href="#(x-step-\d+)"/g)].map(([, id]) => id)
        expect([...new Set(linked)]).toEqual(ids)
      }
      expect([...html.matchAll(/<details class="step[^"]*" id="([^"]*)"/g)].map(([, id]) => id)).toEqual(ids)
    }
  })

  it('has no id twice and no link to nowhere', async () => {
    const html = renderHtml(await record('silent'))
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const references = html.matchAll(/(?:href="#|aria-labelledby="|aria-describedby="|data-copy=")([^"]+)"/g)
    for (const [, reference = ''] of references) for (const id of reference.split(' ')) expect(ids).toContain(id)
  })

  it('shows of a federated sign-in which endpoint was chosen, each rival with its rule, source and evidence', async () => {
    const html = renderHtml(await record('federated'))
    const shown = words(html)
    expect(shown).toMatch(/UserNameWSTrustBinding_IWSTrust13Async .{0,200}chosen/)
    expect(shown).toMatch(/UserNameWSTrustBinding_IWSTrustFeb2005Async .{0,200}not taken/)
    expect(shown).toContain('mex.version.superseded source of the rule mex.version.superseded')
    expect(html).toMatch(/<a href="https:\/\/docs\.oasis-open\.org[^"]*" rel="noreferrer">source/)
  })

  it('decodes: form fields with their reason, members of JSON, JWTs, the XML of WS-Trust, the facts of the assertion', async () => {
    const shown = words(renderHtml(await record('federated')))
    expect(shown).toContain('Form fields')
    expect(shown).toContain('Members of the JSON object')
    expect(shown).toContain('Decoded JWT of id_token')
    expect(shown).toMatch(/"alg" : "RS256"/)
    expect(shown).toContain('The whole XML, one element a line')
    expect(shown).toContain('Read as: SAML assertion')
    expect(shown).toContain('id_token.signature-skipped')
  })

  it('says which request carries the password, in the diagram and in the step', async () => {
    const trace = await record('federated')
    const html = renderHtml(trace)
    expect(html.match(/>with the password</g)).toHaveLength(1)
    const [run] = readRuns(trace)
    const host = run && summarise(run).password.host
    expect(words(html).includes(`${host} gets the password with this request.`)).toBe(true)
  })

  it('of metadata that offers nothing lists what it describes all the same', async () => {
    const trace = await record('federated')
    const events = trace.events.filter((event) => event.type !== 'decision' || event.question !== 'WS-Trust endpoint')
    const shown = words(renderHtml({ ...trace, events }))
    expect(shown).toContain('Every endpoint that it describes')
    expect(shown).toContain('UserNameWSTrustBinding_IWSTrust13Async')
  })

  it('draws a diagram whose texts end before its edge', async () => {
    const [run] = readRuns(longTrace(await record('federated')))
    if (run === undefined) throw new Error('there is a run')
    const svg = htmlOf(sequenceFigure(run, 'x')).split('</svg></div>')[0] ?? ''
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text.length)
    expect(texts.length).toBeGreaterThan(80)
    expect(Math.max(...texts)).toBeLessThan(70)
  })
})

describe('secrecy', () => {
  secrecyContract(
    'the report of refused sign-ins',
    async (secrets) => {
      const collector = collectTrace()
      const { client } = await simulate({ onEvent: collector })
      for (const password of secrets) {
        // Control characters cannot be sent over WS-Trust; that call ends before anything is sent.
        for (const { username } of [demo.ada, demo.fred]) {
          await client
            .acquireTokenByUsernamePassword({ username, password, scopes: demo.scopes })
            .catch(() => undefined)
        }
      }
      return renderHtml(collector.trace({ level: 'raw' }))
    },
    { runs: 1, secretsPerRun: 5 },
  )
})

describe('the script', () => {
  it('is right by the types of the DOM', () => {
    const name = 'report.js'
    const options: ts.CompilerOptions = {
      allowJs: true,
      checkJs: true,
      strict: true,
      noEmit: true,
      skipDefaultLibCheck: true,
      skipLibCheck: true,
      noUnusedLocals: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile } = host
    host.getSourceFile = (file, target, ...rest) =>
      file === name ? ts.createSourceFile(file, reportScript, target) : getSourceFile(file, target, ...rest)
    host.fileExists = (file) => file === name || ts.sys.fileExists(file)
    const found = ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it('cannot end its element, nor the style sheet its own', () => {
    expect(reportScript).not.toMatch(/<\/|<!--/)
    expect(reportStyle).not.toContain('<')
  })
})
