/** What the live page needs beside the style sheet of the report. */
export const liveStyle = `
.scenario { padding: 2rem 0 1.5rem; border-bottom: 1px solid var(--line); }
.scenario h2 { font-size: 1.4rem; margin: 0 0 .25rem; }
.scenario .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: .9rem 1.25rem; align-items: end; margin: 1rem 0; }
.scenario label { display: block; font-size: .875rem; color: var(--soft); min-width: 0; }
.scenario select { display: block; width: 100%; margin-top: .25rem; font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 8px; padding: .35rem .6rem; min-height: 2.5rem; text-overflow: ellipsis; }
.scenario select:disabled { color: var(--soft); border-color: var(--line); background: var(--sunk); }
.scenario .start { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; }
.scenario button { font-size: 1rem; font-weight: 600; padding: .4rem 1.6rem; border-color: var(--accent); color: var(--accent); }
.scenario button[aria-disabled='true'] { cursor: default; border-color: var(--line); color: var(--soft); }
#status { margin: 0; min-height: 1.6em; flex: 1 1 16rem; max-width: 80ch; }
html:not(.scripted) .scenario { display: none; }
[data-running='true'] :is(.answers, .outcome, .step.end, .timeline li:last-child) { display: none; }
@media (prefers-reduced-motion: no-preference) {
  .arrived { animation: arrive .35s ease-out; }
}
@keyframes arrive { from { opacity: 0; transform: translateY(.5rem); } }
@media print { .scenario { display: none; } }
`
