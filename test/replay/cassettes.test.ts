import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Cassette } from '../../src/cassette/cassette.ts'
import { recordTransport } from '../../src/cassette/record.ts'
import { repeatCalls } from '../../src/cassette/repeat-call.ts'
import { createRopcClient } from '../../src/client/client.ts'
import { cassetteNames } from '../../src/testing/catalogue.ts'
import { useCassette } from '../../src/testing/use-cassette.ts'
import { fixture, fixtureFiles } from '../fixtures.ts'
import { listings } from './listings.ts'
import { recordScenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'

// `npm run cassettes` records all of them and writes the files, `npm run test:cassettes` compares all; a test run some, for time.
const isAll = process.env['MODE'] === 'cassettes'
const some: ReadonlySet<string> = new Set([
  ...['managed', 'client-certificate', 'device-code', 'two-users-at-once', 'b2c-refresh'],
  ...['federated-2005', 'throttled', 'mex-not-found', 'saml-assertion', 'proxy-page', 'refresh'],
])
const recorded = new Map<string, string>()
const textOf = (name: string): string => recorded.get(name) ?? fixture(`cassettes/${name}.json`)

describe('the catalogue of cassettes', () => {
  it.each(scenarios.filter(({ name }) => isAll || some.has(name)))(
    '$name is recorded as it is committed, byte by byte',
    async (scenario) => {
      const text = await recordScenario(scenario)
      recorded.set(scenario.name, text)
      await expect(text).toMatchFileSnapshot(`../../fixtures/cassettes/${scenario.name}.json`)
    },
  )

  it.each(cassetteNames.filter((name) => isAll || some.has(name)))(
    '%s is what a recording of its replay comes to',
    async (name) => {
      const { cassette, transport, runtime, clientOptions, calls } = useCassette(name)
      const recorder = recordTransport(transport, () => {}, { runtime })
      const own = { ...clientOptions, transport: recorder, runtime: { ...runtime, ...recorder.runtime } }
      const client = createRopcClient(own)
      await repeatCalls(client, calls)
      await client.close()
      const { exchanges: _, rest: __, ...about } = cassette
      expect(await recorder.finish(about)).toEqual(cassette)
    },
  )

  it('has one file per scenario, under names in kebab-case', () => {
    const names = scenarios.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([])
    const files = fixtureFiles().filter((file) => file.startsWith('cassettes/'))
    // While all are written anew, the files of new ones come at the end.
    if (!isAll) expect(files).toEqual(names.map((name) => `cassettes/${name}.json`).sort())
  })

  it.each(Object.keys(listings))('is listed in %s', async (file) => {
    const url = new URL(`../../${file}`, import.meta.url)
    const rows = scenarios.map((scenario) => ({
      ...scenario,
      cassette: JSON.parse(textOf(scenario.name)) as Cassette,
    }))
    await expect(listings[file]?.(rows, readFileSync(url, 'utf8'))).toMatchFileSnapshot(url.pathname)
  })
})
