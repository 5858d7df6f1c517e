import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixtureFiles, fixtureIndex } from './fixtures.ts'

describe('fixtures', () => {
  it('are all listed in index.json with what they must parse to, and nothing else is', () => {
    expect(
      fixtureIndex()
        .map(({ file }) => file)
        .sort(),
    ).toEqual(fixtureFiles())
  })

  it('each have one row in README.md that says where they come from', () => {
    const readme = readFileSync(new URL('../fixtures/README.md', import.meta.url), 'utf8')
    const rows = [...readme.matchAll(/^\| `([^`]+)` \|/gm)].map(([, file]) => file).sort()
    expect(rows).toEqual(fixtureFiles())
  })
})
