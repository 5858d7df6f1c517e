/** The style sheet of the report. Changing it changes {@link styleHash}: a test names the new one. */
export const reportStyle: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#faf9f6, #15181b);
  --card: light-dark(#ffffff, #1c2024);
  --sunk: light-dark(#f4f2ed, #111417);
  --ink: light-dark(#1f252b, #e7e5e0);
  --soft: light-dark(#59626c, #a4acb4);
  --line: light-dark(#e3dfd7, #30363c);
  --accent: light-dark(#0b5c73, #7cc7dc);
  --wash: light-dark(#e6f0f2, #1d3038);
  --good: light-dark(#1a6b3a, #83cf9b);
  --bad: light-dark(#a3281e, #f59a8f);
  --bad-wash: light-dark(#fbeeec, #33201f);
  --warn: light-dark(#7a5200, #e3ba69);
  --warn-wash: light-dark(#fbf3e0, #2f2818);
  --found: light-dark(#ffe27a, #6b5500);
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  --serif: 'Iowan Old Style', 'Palatino Linotype', Palatino, 'Source Serif 4', 'Noto Serif', Georgia, serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace;
}
:root[data-theme='light'] { color-scheme: light; }
:root[data-theme='dark'] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 5.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 var(--sans); overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .06em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1, h2 { font-family: var(--serif); font-weight: 600; line-height: 1.25; margin: 0; }
h1 { font-size: 1.2rem; flex: 1 1 16rem; }
h2 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.3rem); letter-spacing: -.01em; }
h3 { font-size: 1.2rem; margin: 0 0 1rem; line-height: 1.3; }
h4 { font-size: 1rem; margin: 0; line-height: 1.4; }
h5 { font-size: .95rem; margin: 0 0 .5rem; }
h6 { font-size: .8rem; margin: .75rem 0 .25rem; color: var(--soft); font-weight: 600; }
p { margin: 0 0 .6rem; }
.quiet, .eyebrow { color: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -5rem; z-index: 3; background: var(--card); padding: .5rem 1rem; }
.skip:focus { top: .5rem; }

header.page { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: center; justify-content: space-between; padding: .8rem clamp(1rem, 4vw, 3rem); background: var(--paper); border-bottom: 1px solid var(--line); }
footer.page { padding: 2rem clamp(1rem, 4vw, 3rem) 3rem; color: var(--soft); font-size: .875rem; max-width: 60rem; }
main { padding: 0 clamp(1rem, 4vw, 3rem); max-width: 96rem; margin: 0 auto; outline: none; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
html:not(.scripted) :is(.tools, .views, .copy) { display: none; }
button, input { font: inherit; font-size: .875rem; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .35rem .8rem; min-height: 2.25rem; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent); }
button[aria-pressed='true'] { background: var(--wash); border-color: var(--accent); color: var(--accent); font-weight: 600; }
input[type='search'] { width: 14rem; max-width: 60vw; border-color: var(--soft); }
#found { color: var(--soft); font-size: .875rem; }
#found:empty { display: none; }

.contents { padding: 1.5rem 0 0; }
.contents ol { margin: 0; padding-left: 1.3rem; }
.run { padding: 2.5rem 0 1rem; }
.run + .run { border-top: 1px solid var(--line); margin-top: 2rem; }
.run > section { margin-top: 3rem; }
.eyebrow { margin: 0 0 .35rem; font-size: .9rem; }
.outcome { display: flex; flex-wrap: wrap; gap: .35rem .9rem; align-items: baseline; margin: .75rem 0 1.25rem; font-size: 1.1rem; max-width: 70ch; }
.mark { font-weight: 600; white-space: nowrap; }
.mark.good, .tone.good { color: var(--good); }
.mark.bad { color: var(--bad); }
.mark.warn { color: var(--warn); }
.mark.plain { color: var(--soft); font-weight: 400; }
.outcome > .mark { border: 1.5px solid currentColor; border-radius: 99px; padding: .1rem .8rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 0; font-size: .9rem; }
dl.facts div { min-width: 0; }
dl.facts dt { color: var(--soft); font-size: .8rem; }
dl.facts dd { margin: 0; }

.answers ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; counter-reset: answer; }
.answers li { counter-increment: answer; background: var(--card); padding: 1.1rem 1.5rem; display: grid; grid-template-columns: 2rem minmax(12rem, 1fr) minmax(0, 2.4fr); gap: .15rem 1rem; }
.answers li::before { content: counter(answer); grid-row: 1 / span 4; font: 600 1.4rem/1.3 var(--serif); color: var(--accent); }
.answers li h4 { grid-column: 2; grid-row: 1 / span 4; }
.answers li p { grid-column: 3; margin: 0 0 .25rem; max-width: 75ch; }
.answers li.bad { background: var(--bad-wash); }
.answers li.bad::before { color: var(--bad); }
.answers li.warn { background: var(--warn-wash); }
.answers li.warn::before { color: var(--warn); }
.answers li p:last-child { margin-bottom: 0; }
.answers .more { font-size: .9rem; }
.aside { margin-top: .75rem; color: var(--warn); }

.sequence { margin: 0; }
.sequence .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem; }
.sequence svg { display: block; margin: 0 auto; }
.sequence text { font: 13px var(--sans); fill: var(--ink); }
.sequence a { text-decoration: none; }
.sequence a:hover text, .sequence a:focus-visible text { fill: var(--accent); text-decoration: underline; }
.sequence a:focus-visible { outline-offset: 0; }
.party rect { fill: var(--sunk); stroke: var(--line); }
.party .name { font-weight: 600; font-size: 14px; text-anchor: middle; }
.party .place { font-size: 11.5px; text-anchor: middle; fill: var(--soft); }
.party .life { stroke: var(--line); stroke-width: 1.5; }
.arrow text { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.arrow .line { stroke: var(--ink); stroke-width: 1.4; fill: none; }
.arrow .tip { fill: var(--ink); }
.arrow.dashed .line { stroke-dasharray: 5 4; }
.arrow.good .line { stroke: var(--good); }
.arrow.good .tip { fill: var(--good); }
.arrow.bad .line { stroke: var(--bad); }
.arrow.bad .tip, .arrow.bad text { fill: var(--bad); }
.arrow.carries .line { stroke-width: 2.4; }
.arrow .badge { fill: var(--warn-wash); stroke: var(--warn); }
.arrow .badge-text { stroke: none; fill: var(--warn); font-weight: 600; font-size: 12px; }
.note rect { fill: var(--wash); stroke: none; }
.note:is(.retry, .warning) rect { fill: var(--warn-wash); }
.note text:first-of-type { font-weight: 600; }
.alternative { margin-top: .75rem; }
summary { cursor: pointer; }
.alternative ol, .alternative dl { margin: .5rem 0 0; }
.words div { margin-bottom: .5rem; max-width: 46rem; }
.words dt { font-weight: 600; }
.words dd { margin: 0; }

.columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 2rem; align-items: start; }
.timeline { position: sticky; top: 5.5rem; max-height: calc(100vh - 7rem); overflow-y: auto; font-size: .9rem; }
.timeline ol { list-style: none; margin: 0; padding: 0 .25rem 0 0; }
.timeline a { display: grid; grid-template-columns: 1.6rem 1fr auto; gap: 0 .5rem; padding: .45rem .6rem; border-radius: 8px; color: inherit; text-decoration: none; line-height: 1.4; }
.timeline a:hover { background: var(--sunk); }
.timeline a:focus-visible { outline-offset: -3px; }
.timeline a[aria-current] { background: var(--wash); }
.timeline .name { display: block; }
.timeline .quiet { display: block; font-size: .82rem; }
.timeline .took { font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.number { color: var(--soft); font-variant-numeric: tabular-nums; }
.bar { grid-column: 2 / span 2; width: 100%; height: 4px; margin-top: .25rem; }
.bar rect { fill: var(--accent); }
.bar .track { fill: var(--line); }
.steps { display: grid; gap: .75rem; min-width: 0; }
.step { background: var(--card); border: 1px solid var(--line); border-radius: 14px; min-width: 0; }
.step:target { border-color: var(--accent); }
.step > summary { display: grid; grid-template-columns: 1.4rem minmax(0, 1fr) auto auto 1rem; align-items: baseline; gap: 0 .9rem; padding: .8rem 1.25rem; border-radius: 14px; list-style: none; }
.step > summary::-webkit-details-marker { display: none; }
.step > summary::after { content: '+'; grid-column: 5; grid-row: 1; color: var(--soft); font-size: 1.2rem; line-height: 1; text-align: center; }
.step[open] > summary::after { content: '–'; }
.step > summary:hover h4 { color: var(--accent); }
.step > summary > .mark { grid-column: 3; font-size: .9rem; }
.step > summary > .took { grid-column: 4; color: var(--soft); font-size: .85rem; min-width: 3.5rem; text-align: right; font-variant-numeric: tabular-nums; }
.step > summary > .sub { grid-column: 2 / span 3; }
.sub { display: block; color: var(--soft); font-size: .85rem; font-weight: 400; }
.sub:empty { display: none; }
.step > .body { padding: .25rem 1.25rem 1.5rem; display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
.step.end { padding: 1rem 1.25rem; border-width: 2px; }
.step.end.bad { border-color: var(--bad); }
.step.end.good { border-color: var(--good); }
.lead { font-size: 1.02rem; margin: 0; }
.credential { margin: 0; padding: .5rem .9rem; background: var(--warn-wash); border-left: 4px solid var(--warn); border-radius: 4px; }

table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .9rem; line-height: 1.5; margin: 0 0 .75rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0 .4rem; color: var(--soft); font-size: .82rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
thead th { border-top: 0; font-size: .8rem; color: var(--soft); font-weight: 500; padding-top: 0; }
tbody th { font-weight: 600; }
.of-2 th:first-child { width: 24%; }
.of-3 th:first-child { width: 24%; }
.of-3 th:nth-child(2) { width: 34%; }
.candidates .of-3 th:first-child { width: 46%; }
.candidates .of-3 th:nth-child(2) { width: 7.5rem; }
.common { margin: 0; max-width: 75ch; }
.redacted { color: var(--soft); font-style: italic; }
tr.good > * { background: var(--wash); }
tr.good > :first-child { box-shadow: inset 3px 0 var(--good); padding-left: .7rem; }
tr.bad > :first-child { box-shadow: inset 3px 0 var(--bad); padding-left: .7rem; }
.value, code { font-family: var(--mono); font-size: .86em; }
.rule { color: var(--soft); }
.tag { white-space: nowrap; font-size: .8rem; border: 1px solid var(--line); border-radius: 6px; padding: 0 .4rem; }
.evidence { color: var(--soft); }
.code { margin: .25rem 0 0; padding: .8rem 1rem; background: var(--sunk); border-radius: 8px; font: .82rem/1.55 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
.code b { font-weight: 600; color: var(--accent); }
.line { display: block; text-indent: -1rem; padding-left: 1rem; }
${Array.from({ length: 16 }, (_, depth) => `.d${depth + 1} { padding-left: ${depth + 2}rem; }`).join(' ')}
.exchange { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; }
.views { display: flex; }
.views button { border-radius: 0; margin-left: -1px; }
.views button:first-child { border-radius: 8px 0 0 8px; margin: 0; }
.views button:last-child { border-radius: 0 8px 8px 0; }
.views button[aria-pressed='true'] { position: relative; }
.message { border-top: 1px solid var(--line); padding-top: .9rem; }
.panes { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem 1.5rem; }
.raw h6 { margin-top: 0; }
.scripted [data-view='decoded'] .raw, .scripted [data-view='raw'] .decoded { display: none; }
.inside, .formatted, .headers { margin-top: .35rem; }
details details > summary, .alternative > summary { color: var(--accent); font-size: .9rem; width: fit-content; }
.timings table { width: auto; min-width: 18rem; }
.timings td { font-variant-numeric: tabular-nums; }
.curl .copy { margin: .5rem .75rem 0 0; }
[hidden] { display: none !important; }
::highlight(found) { background: var(--found); color: var(--ink); }

@media (min-width: 64rem) {
  [data-view='both'] .panes { grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); }
}
@media (max-width: 56rem) {
  .columns { grid-template-columns: minmax(0, 1fr); gap: 1.25rem; }
  .timeline { position: static; max-height: none; }
  .answers li { grid-template-columns: 1.8rem minmax(0, 1fr); padding: 1rem; }
  .answers li > * { grid-column: 2 !important; grid-row: auto !important; }
  .answers li::before { grid-row: 1 / span 6; }
}
@media (max-width: 40rem) {
  header.page { position: static; }
  html { scroll-padding-top: 1rem; }
  .run > section { margin-top: 2.25rem; }
  .step > summary, .step > .body { padding-left: .9rem; padding-right: .9rem; }
  .step > summary { column-gap: .6rem; }
  .step > summary > .took { display: none; }
}
.body, .decoded { container-type: inline-size; }
@container (max-width: 34rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, td, tbody th, caption { display: block; width: 100% !important; max-width: none; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  th, td { border: 0; padding: .1rem 0; }
  td:empty { display: none; }
  td::before { content: attr(data-head) ': '; color: var(--soft); font: .8rem var(--sans); }
  tr.good > *, tr.bad > * { padding-left: .7rem; }
}
@media print {
  :root, :root[data-theme] { color-scheme: light; }
  header.page { position: static; }
  .tools, .views, .copy, .skip, .timeline { display: none !important; }
  body { font-size: 10.5pt; background: none; }
  main, header.page, footer.page { padding-left: 0; padding-right: 0; }
  .columns { display: block; }
  .steps { display: block; }
  .step { margin-bottom: .75rem; }
  details::details-content { content-visibility: visible !important; block-size: auto !important; }
  .scripted [data-view] :is(.raw, .decoded) { display: block !important; }
  .sequence .scroll { overflow: visible; border: 0; padding: 0; }
  .sequence svg { max-width: 100%; height: auto; }
  h3, h4, h5, summary { break-after: avoid; }
  tr, .answers li { break-inside: avoid; }
}
`

/** For the Content-Security-Policy. */
export const styleHash = 'sha256-PvQyzzEQIz2UhypgCBQTuUt9J9+wyzGAC1Dvp1bBcQI='
