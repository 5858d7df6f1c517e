import { createHash } from 'node:crypto'
import type { World } from '../../simulator/world.ts'
import { type Content, markup, verbatim } from '../../trace/report/markup.ts'
import { renderPage, reportPolicy } from '../../trace/views/html.ts'
import { type Choice, faultChoices, routeChoices, userChoices } from './scenario.ts'
import { liveScript } from './script.ts'
import { liveStyle } from './style.ts'

/** The report's policy, and beside it: the page may talk to its own server, and no other page may frame it. */
export const livePolicy: string = `${reportPolicy({ style: hashOf(liveStyle), script: hashOf(liveScript) })}; connect-src 'self'; frame-ancestors 'none'`

/** The page that starts runs and shows them. It holds no password: the server knows those of its users. */
export function renderLivePage(world: World): string {
  return renderPage({
    title: 'A simulated sign-in, step by step',
    // Without an icon of its own, a browser asks for one.
    head: markup`<link rel="icon" href="data:,">
<style>${verbatim(liveStyle)}</style>`,
    main: markup`<noscript><p>This page needs its script.</p></noscript>
<form id="scenario" class="scenario" aria-labelledby="scenario-title">
<h2 id="scenario-title">Try a sign-in</h2>
<p class="quiet">Users, servers and tokens are invented, and live in this simulator only.</p>
<div class="fields">
${select(
  'user',
  'User',
  grouped(userChoices(world), ({ fits }) => markup` data-fits="${fits}"`),
)}
${select(
  'fault',
  'Fault',
  grouped(faultChoices, ({ fits, injected }) => [
    fits !== undefined && markup` data-fits="${fits.join(' ')}"`,
    injected !== undefined && markup` data-way=""`,
  ]),
)}
${select(
  'route',
  'Where (faults on the way)',
  routeChoices.map(({ id, label, fits }) =>
    option(id, label, fits !== undefined && markup` data-fits="${fits.join(' ')}"`),
  ),
)}
${select('pause', 'Rest on each event', [
  option('0', 'not at all', undefined),
  option('400', '0.4 seconds', markup` selected=""`),
  option('1000', '1 second', undefined),
  option('2000', '2 seconds', undefined),
])}
</div>
<div class="start"><button type="submit" aria-disabled="true">Run</button><p id="status" role="status">Connecting …</p></div>
</form>
<div id="report" data-running="false"></div>`,
    footer:
      'Served on 127.0.0.1 by ropc simulate --ui. No password is sent to this page, and it ends with the simulator. The times are those of the sign-in, without the rests.',
    tail: markup`<script>${verbatim(liveScript)}</script>
`,
  })
}

function select(name: string, label: string, options: Content): Content {
  return markup`<label>${label}<select name="${name}">${options}</select></label>`
}

function grouped<T extends Choice>(choices: readonly T[], attributes: (choice: T) => Content): Content {
  const groups = [...new Set(choices.map(({ group }) => group))]
  return groups.map(
    (group) =>
      markup`<optgroup label="${group}">${choices
        .filter((choice) => choice.group === group)
        .map((choice) => option(choice.id, choice.label, attributes(choice)))}</optgroup>`,
  )
}

function option(value: string, label: string, attributes: Content): Content {
  return markup`<option value="${value}"${attributes}>${label}</option>`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
