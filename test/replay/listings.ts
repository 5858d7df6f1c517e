import type { Cassette } from '../../src/cassette/cassette.ts'
import type { Scenario } from './scenario.ts'
import { catalogue } from './scenarios.ts'

interface Row extends Scenario {
  readonly cassette: Cassette
}

/** The files that list the catalogue, and what each must be, given its rows and what it is now. */
export const listings: Readonly<Record<string, (rows: readonly Row[], now: string) => string>> = {
  'src/testing/catalogue.ts': (rows) =>
    [
      '/** The names of the cassettes in `fixtures/cassettes`. Written by `npm run cassettes`. */',
      'export const cassetteNames = [',
      ...rows.map(({ name }) => `  '${name}',`),
      '] as const',
      '',
      '/** A name of the catalogue. */',
      'export type CassetteName = (typeof cassetteNames)[number]',
      '',
    ].join('\n'),

  'fixtures/index.json': (rows, now) => {
    const others = now.split('\n').filter((line) => /^ {2}\{/.test(line) && !line.includes('"file": "cassettes/'))
    const own = rows.map(({ name, clause, cassette: { calls = [] } }) => {
      const outcomes = calls.map(({ operation, outcome }) => ({ operation, ...verdictOf(outcome) }))
      const row = { file: `cassettes/${name}.json`, expect: { outcomes }, clause }
      return `  ${JSON.stringify(row, undefined, 1)
        .replace(/\n\s*/g, ' ')
        .replace(/([{[]) | ([}\]])/g, '$1$2')}`
    })
    return `[\n${[...others.map((line) => line.replace(/,$/, '')), ...own].join(',\n')}\n]\n`
  },

  'fixtures/README.md': (rows, now) => {
    const others = now
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('| `cassettes/'))
    const own = rows.map(
      ({ name, title, clause }) => `| \`cassettes/${name}.json\` | made by the simulator | ${title} (${clause}) |`,
    )
    return `${[...others, ...own].join('\n')}\n`
  },

  'docs/cassettes.md': (rows, now) => {
    const tables = catalogue.flatMap(({ heading, scenarios }) => [
      `### ${heading}`,
      '',
      '| cassette | what happens | what comes of it |',
      '| --- | --- | --- |',
      ...rows.filter(({ name }) => scenarios.some((one) => one.name === name)).map(rowOf),
      '',
    ])
    const [before = '', after = ''] = now.split(/(?<=<!-- catalogue -->\n)[\s\S]*(?=<!-- \/catalogue -->)/)
    return `${before}\n${tables.join('\n')}\n${after}`
  },
}

function rowOf({ name, title, clause, cassette: { calls = [] } }: Row): string {
  const outcomes = calls.map(({ outcome }) => {
    const { kind, source, code, error, suberror, faultSubcode } = outcome
    if (kind === 'error') {
      const more = [error, suberror, faultSubcode].filter((word) => word !== undefined)
      return [`\`${code}\``, ...(more.length === 0 ? [] : [`(${[...new Set(more)].join(', ')})`])].join(' ')
    }
    return kind === 'token' ? `token (${source})` : String(kind)
  })
  return `| \`${name}\` | ${title} (${clause}) | ${outcomes.join('; then ')} |`
}

const verdict = ['kind', 'source', 'code', 'step', 'reason', 'error', 'suberror', 'faultSubcode', 'idCode'] as const

function verdictOf(outcome: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(verdict.flatMap((name) => (outcome[name] === undefined ? [] : [[name, outcome[name]]])))
}
