import { display } from '../../errors.ts'
import { type Check, type CheckStatus, countChecks } from './check.ts'
import type { Diagnosis } from './diagnose.ts'

export interface Style {
  /** Whether marks beyond ASCII may be used. */
  readonly marks: boolean
  readonly colour: boolean
}

const marks: Readonly<Record<CheckStatus, string>> = { pass: '✓', warn: '!', fail: '✗', skip: '–' }
const colours: Readonly<Record<CheckStatus, number>> = { pass: 32, warn: 33, fail: 31, skip: 90 }

/** Makes the lines people read: the tree of checks, the way a sign-in would take, the risks, and a summary last. */
export function renderDiagnosis({ checks, risks, username, authority }: Diagnosis, style: Style): readonly string[] {
  const counts = countChecks(checks)
  return [
    `Would a sign-in of ${display(username)} at ${display(authority)} work? No password is asked for or sent.`,
    '',
    ...checks.flatMap((check) => renderCheck(check, style, '')),
    '',
    'What cannot be seen from here:',
    ...risks.map(({ text }) => `- ${display(text)}`),
    '',
    `${counts.fail} failed, ${counts.warn} to look at, ${counts.pass} well, ${counts.skip} skipped: ${verdict(counts)}`,
  ]
}

function renderCheck(check: Check, style: Style, indent: string): readonly string[] {
  const { status, label, detail, hint, children = [] } = check
  const line = `${indent}${word(status, style)}  ${label}${detail === undefined ? '' : `: ${detail}`}`
  const inner = `${indent}${' '.repeat(style.marks ? 4 : 2)}`
  return [
    line,
    ...(hint === undefined ? [] : [`${inner}      hint: ${hint}`]),
    ...children.flatMap((child) => renderCheck(child, style, inner)),
  ]
}

function word(status: CheckStatus, { marks: isMarked, colour }: Style): string {
  const text = isMarked ? `${marks[status]} ${status}` : status
  return colour ? `\u001b[${colours[status]}m${text}\u001b[39m` : text
}

function verdict({ fail, warn }: Readonly<Record<CheckStatus, number>>): string {
  if (fail > 0) return 'a sign-in would fail'
  return warn > 0 ? 'a sign-in may work' : 'a sign-in can work'
}
