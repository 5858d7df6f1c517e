import { describe, expect, it } from 'vitest'
import { chooseWsTrustEndpoint, type MexDocument, parseMexDocument } from '../../src/wstrust/mex-document.ts'
import type { WsTrustVersion } from '../../src/wstrust/namespaces.ts'
import { parseSecurityTokenResponse } from '../../src/wstrust/security-token-response.ts'
import { type FixtureRow, fixture, fixtureIndex } from '../fixtures.ts'
import { answer, thrownBy } from './answers.ts'

describe('fixtures/mex', () => {
  it.each(fixtureIndex('mex'))('$file ends as index.json says ($clause)', ({ file, expect: expected }) => {
    const response = answer(fixture(file))
    const { verdicts, ...outcome } = expected
    if ('code' in outcome) {
      expect(thrownBy(() => chooseWsTrustEndpoint(parseMexDocument(response)))).toMatchObject(outcome)
    } else {
      expect(chooseWsTrustEndpoint(parseMexDocument(response))).toEqual(outcome)
    }
    if (verdicts !== undefined) expect(rulesOf(parseMexDocument(response))).toMatchObject(verdicts as object)
  })
})

function rulesOf({ candidates }: MexDocument): Record<string, string> {
  return Object.fromEntries(
    candidates.map(({ port, binding, policy, verdict }) => [port ?? binding ?? policy ?? '', verdict.rule]),
  )
}

describe('fixtures/rstr and fixtures/faults', () => {
  const rows = [...fixtureIndex('rstr'), ...fixtureIndex('faults')]
  it.each(rows)('$file ends as index.json says ($clause)', (row) => {
    const { assertionIsSlice, samlVersion, ...outcome } = row.expect
    if ('code' in outcome) {
      expect(thrownBy(() => parse(row))).toMatchObject(outcome)
      return
    }
    const assertion = parse(row)
    expect(assertion).toMatchObject({ ...outcome, version: samlVersion })
    const xml = assertion.xml.reveal()
    expect(xml).toMatch(/^<(saml:)?Assertion [\s\S]*<\/(saml:)?Assertion>$/)
    expect(fixture(row.file).includes(xml)).toBe(assertionIsSlice)
  })

  function parse({ file, status = 200, version = '1.3' }: FixtureRow): ReturnType<typeof parseSecurityTokenResponse> {
    return parseSecurityTokenResponse(answer(fixture(file), status), version as WsTrustVersion)
  }
})
