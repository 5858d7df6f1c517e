import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { grantTypes } from '../../src/protocol/grants.ts'
import { explainRule, ruleIds } from '../../src/trace/rules.ts'

const src = new URL('../../src/', import.meta.url)
const families = 'authority|realm|mex|grant|id_token|cache|import'

/** Every rule id that stands in the sources of the client and the importer, as a whole or by its parts. */
function idsInSources(): ReadonlySet<string> {
  const folders = ['protocol', 'realm', 'wstrust', 'cache', 'client', 'trace']
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, src), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'rules.ts')
      .map((file) => readFileSync(new URL(`${folder}/${file}`, src), 'utf8')),
  )
  const whole = files.flatMap((text) => [...text.matchAll(new RegExp(`'((?:${families})\\.[\\w.-]+)'`, 'g'))])
  const query = readFileSync(new URL('cache/query.ts', src), 'utf8')
  return new Set([
    ...whole.map(([, id = '']) => id),
    ...['managed', 'federated', 'consumer', 'unknown'].map((type) => `realm.account-type.${type}`),
    ...Object.keys(grantTypes).map((name) => `grant.${name}`),
    ...Array.from(query.matchAll(/\bno\('([\w-]+)'/g), ([, what]) => `cache.access-token.${what}`),
  ])
}

describe('the catalogue of rules', () => {
  it('explains every rule that verdicts name, and no other', () => {
    expect([...idsInSources()].sort()).toEqual([...ruleIds].sort())
  })

  it('explains each in whole sentences, and names https pages only', () => {
    for (const id of ruleIds) {
      const { text = '', source = 'https://' } = explainRule(id) ?? {}
      expect(text, id).toMatch(/^[A-Z].*\.$/)
      expect(source, id).toMatch(/^https:\/\//)
    }
  })

  it('knows no rule by a name that every object has', () => {
    for (const name of ['constructor', '__proto__', 'toString', '']) expect(explainRule(name)).toBeUndefined()
  })
})
