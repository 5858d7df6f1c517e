import { type Content, htmlOf, type Markup, mark, markup, verbatim } from '../report/markup.ts'
import { operationWords, outcomeOf, readable, renderRun } from '../report/run.ts'
import { reportScript, scriptHash } from '../report/script.ts'
import { wordsFor } from '../report/step-words.ts'
import { reportStyle, styleHash } from '../report/style.ts'
import { type Run, readRuns } from '../runs.ts'
import type { Trace } from '../trace.ts'

/**
 * What the page may do: nothing but show itself with its own style sheet and script.
 *
 * @param more Hashes of what stands beside these in a page that holds more than a report, as for `'sha256-…'` sources.
 */
export function reportPolicy(more: { readonly style?: string; readonly script?: string } = {}): string {
  const sources = (...hashes: readonly (string | undefined)[]): string =>
    hashes.flatMap((hash) => (hash === undefined ? [] : [`'${hash}'`])).join(' ')
  return `default-src 'none'; style-src ${sources(styleHash, more.style)}; script-src ${sources(scriptHash, more.script)}; img-src data:; base-uri 'none'; form-action 'none'`
}

export interface HtmlOptions {
  /** Of the page; default: what was called, and how it ended. */
  readonly title?: string
}

/**
 * A trace as one HTML file that opens from disk: no network, no script needed for reading. It holds what the trace holds, no
 * more: a trace of level `share` gives a page that can be shared.
 */
export function renderHtml(trace: Trace, { title }: HtmlOptions = {}): string {
  const runs = readRuns(trace)
  const heading = title ?? titleOf(runs)
  return renderPage({
    title: heading,
    head: markup`<meta http-equiv="Content-Security-Policy" content="${reportPolicy()}">`,
    main: markup`${runs.length > 1 && contents(runs)}
${runs.length === 0 && markup`<p>This trace holds no call.</p>`}
${runs.map((run, index) => verbatim(renderRun(run, { id: `run-${index + 1}` })))}`,
    footer: markup`${trace.product}, trace version ${trace.version}, level “${trace.level}”: ${wordsFor(levelWords, trace.level)} No level shows a password, a client’s secret or a signature.`,
  })
}

/** The parts of a page that differ between the report and the page that shows one as it grows. */
export interface PageParts {
  readonly title: string
  readonly head?: Content
  readonly main: Content
  readonly footer: Content
  /** Behind the script of the report. */
  readonly tail?: Content
}

/** A page with the style sheet, the script and the tools of the report. */
export function renderPage({ title, head, main, footer, tail }: PageParts): string {
  return htmlOf(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${head}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${verbatim(reportStyle)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="page">
<h1>${title}</h1>
${reportTools}
</header>
<main id="content" tabindex="-1">
${main}
</main>
<footer class="page"><p>${footer}</p></footer>
<script>${verbatim(reportScript)}</script>
${tail}</body>
</html>
`)
}

/** Search, theme, open and close: shown once the script runs. */
const reportTools: Markup = markup`<div class="tools" role="search">
<label class="search"><span class="hidden">Search the steps</span><input type="search" id="search" placeholder="Search, Enter: next" autocomplete="off" spellcheck="false" aria-describedby="found"></label>
<span id="found" role="status"></span>
<button type="button" id="open-all">Open all</button>
<button type="button" id="close-all">Close all</button>
<button type="button" id="theme">Theme: system</button>
</div>`

const levelWords: Readonly<Record<Trace['level'], string>> = {
  share:
    'people, tenants, their hosts and ids are pseudonyms; an id to look up in a log is in the error itself, or in a report at level “team”.',
  team: 'people’s names are left out; accounts, tenants and hosts are shown.',
  raw: 'names, accounts, tenants and hosts are shown.',
}

function titleOf(runs: readonly Run[]): string {
  const [first] = runs
  if (first === undefined) return 'An empty trace'
  if (runs.length > 1) {
    const failed = runs.filter(({ error }) => error !== undefined).length
    return `${runs.length} calls, ${failed === 0 ? 'none' : failed} failed`
  }
  return `${operationWords(first)}: ${outcomeOf(first).word.toLowerCase()}`
}

function contents(runs: readonly Run[]) {
  return markup`<nav class="contents" aria-label="Calls"><ol>${runs.map((run, index) => {
    const { tone, word } = outcomeOf(run)
    return markup`<li><a href="#run-${index + 1}">${operationWords(run)}</a> <span class="quiet">${
      run.start && readable(run.start.startedAt)
    }</span> ${mark(tone, word)}</li>`
  })}</ol></nav>`
}
