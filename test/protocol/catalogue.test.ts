import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aadb2c, aadb2cHint } from '../../src/protocol/aadb2c.ts'
import { aadsts, aadstsAdvice, aadstsHint, oauthErrorHint } from '../../src/protocol/aadsts.ts'
import { accountNumbers } from '../../src/protocol/aadsts-account.ts'
import { applicationNumbers } from '../../src/protocol/aadsts-application.ts'
import { grantNumbers } from '../../src/protocol/aadsts-grant.ts'
import { type Advice, type AdviceSource, type FailureClass, findAdvice, hintOf } from '../../src/protocol/advice.ts'
import { msis, msisHint } from '../../src/protocol/msis.ts'
import { oauthErrors, suberrors } from '../../src/protocol/oauth-errors.ts'
import { adfsFaults, soapFaultCodes } from '../../src/wstrust/adfs-faults.ts'
import { fixture, fixtureIndex } from '../fixtures.ts'

/** The codes that are known of the peers, by catalogue; some in groups. */
const codes = JSON.parse(fixture('catalogue/codes.json')) as Record<string, unknown>

const catalogues: Readonly<Record<string, Readonly<Record<string, Advice>>>> = {
  aadsts,
  aadb2c,
  msis,
  adfsFaults,
  soapFaultCodes,
  oauthErrors,
  suberrors,
}
const entries = Object.entries(catalogues).flatMap(([catalogue, advices]) =>
  Object.entries(advices).map(([code, advice]) => [`${catalogue} ${code}`, advice] as const),
)

/** Every code in a member of codes.json, whether it is a list or groups of lists, once. */
function listed(catalogue: string): string[] {
  return [
    ...new Set(
      Object.values(codes[catalogue] as object)
        .flat()
        .map(String),
    ),
  ].sort()
}

describe('the catalogue of server codes', () => {
  it.each(Object.keys(catalogues))('%s has an entry for each code of the list, and no other', (catalogue) => {
    expect(Object.keys(catalogues[catalogue] ?? {}).sort()).toEqual(listed(catalogue))
  })

  it('leaves no list of codes.json out, and each is as long as index.json says', () => {
    const [row] = fixtureIndex('catalogue')
    expect(Object.fromEntries(Object.keys(codes).map((catalogue) => [catalogue, listed(catalogue).length]))).toEqual(
      row?.expect,
    )
    expect(Object.keys(codes).sort()).toEqual(Object.keys(catalogues).sort())
  })

  it('has each AADSTS number in one of its files only', () => {
    const parts = [accountNumbers, grantNumbers, applicationNumbers]
    const numbers = parts.flatMap((part) => Object.keys(part))
    expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([])
    expect(numbers).toHaveLength(Object.keys(aadsts).length)
  })

  it.each(entries)('%s says what happened in a clause, and what to do in sentences that fit an error', (_, advice) => {
    expect(advice.meaning).toMatch(/^(?:[a-z]|AD FS |Entra |Conditional Access |Active Directory ).{8,139}[^.!?:;,\s]$/)
    expect(advice.remedy).toMatch(/^[A-Z].{19,398}\.$/)
    expect(advice.remedy).not.toMatch(/[.]{2}|\s{2}|\bundefined\b|\.\.|[.] [a-z]/)
    // display() cuts what is longer than 500 characters.
    expect(hintOf(advice)?.length).toBeLessThanOrEqual(500)
    if (advice.name !== undefined) expect(advice.name).toMatch(/^[A-Z]\w{6,}$/)
    // The remedy must be something to do: support alone is not.
    expect(advice.remedy.replace(/[^.]*\bsupport\b[^.]*\./, '')).toMatch(/\w{4}/)
  })

  it.each(entries)('%s holds nothing that a terminal would obey, and no real name or secret', (_, advice) => {
    const text = Object.values(advice).join(' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/)
    expect(text).not.toMatch(/\beyJ|-----BEGIN|[0-9a-f]{8}-[0-9a-f]{4}-|\S@\S+\.\w|[A-Za-z0-9+/_-]{60}/)
  })

  it('uses every class and every source', () => {
    const classes: Readonly<Record<FailureClass, true>> = {
      interaction_required: true,
      credential: true,
      account_state: true,
      consent: true,
      client_registration: true,
      tenant_policy: true,
      throttled: true,
      transient: true,
      federation: true,
      request: true,
    }
    const sources: Readonly<Record<AdviceSource, true>> = { published: true, observed: true, reported: true }
    expect(new Set(entries.map(([, advice]) => advice.class))).toEqual(new Set(Object.keys(classes)))
    expect(new Set(entries.map(([, advice]) => advice.source))).toEqual(new Set(Object.keys(sources)))
  })

  it('says plainly that this grant cannot do what needs interaction, and what can', () => {
    const asked = Object.values(aadsts).filter(
      ({ class: is, meaning }) => is === 'interaction_required' && /multifactor|device must|challenge/.test(meaning),
    )
    expect(asked.length).toBeGreaterThan(8)
    for (const { remedy } of asked) expect(remedy).toMatch(/This grant (can never|cannot)/)
    for (const number of [50072, 50074, 50076, 50078, 50079, 50158, 53000, 53001, 53003, 530032, 530035]) {
      expect(aadstsHint([number]), `${number}`).toMatch(/This grant (can never|cannot)[\s\S]*device code/)
    }
  })

  it.each([
    [7000218, /Allow public client flows = Yes/],
    [50006, /Update-MgDomainFederationConfiguration/],
    [530035, /53035, which does not exist/],
    [90010, /9001023/],
    [65001, /Grant admin consent.*consentUrl/],
    [7000215, /id of the secret .* in place of its value/],
    [50126, /will not be tried again/],
  ])('AADSTS%i names the setting, the command or the trap', (number, remedy) => {
    expect(aadsts[number]?.remedy).toMatch(remedy)
  })

  it('does not call published what is missing in Microsoft’s own list', () => {
    const missing = [70044, 80003, 80004, 80011, 81008, 120001, 120019, 530031, 700003, 700019, 700024, 900411]
    for (const number of [...missing, 7000012, 7000014, 7000216, 7000229]) {
      expect(aadsts[number]?.source, `${number}`).not.toBe('published')
      expect(aadsts[number]?.name, `${number}`).toBeUndefined()
    }
    expect(aadsts[120000]).toMatchObject({ name: 'PasswordChangeIncorrectCurrentPassword', source: 'published' })
  })

  it('has no 53035, which nobody sends', () => {
    expect(aadstsAdvice([53035])).toBeUndefined()
  })

  it('has one entry for a word that is an error and a suberror', () => {
    expect(suberrors['unauthorized_client']).toBe(oauthErrors['unauthorized_client'])
  })
})

describe('aadstsAdvice', () => {
  it.each([
    ['a wrong password', [70002, 50126], 50126],
    ['a wrong password, in the other order', [50126, 70002], 50126],
    ['an assertion out of time', [70002, 500133], 500133],
    ['an assertion out of time, beside its general number', [50013, 500133], 500133],
    ['an expired refresh token', [70000, 70008], 70008],
    ['a failure of the service with its cause', [50000, 80002], 80002],
    ['a wrapper, when the other number is unknown', [70002, 4_999_999], 70002],
    ['the more telling of two wrappers', [50000, 70002], 70002],
    ['the most telling of three wrappers', [50000, 70002, 70000], 70000],
    ['the first of two that tell as much', [53003, 50076], 53003],
    ['the only one known', [1, 50057], 50057],
  ])('of several numbers takes %s', (_, numbers, code) => {
    expect(aadstsAdvice(numbers)).toEqual({ ...aadsts[code], code })
    expect(aadstsHint(numbers)).toBe(hintOf(aadsts[code]))
  })

  it('knows nothing of no number, and of unknown ones', () => {
    for (const numbers of [[], [1], [Number.NaN, -50126, 50126.5]]) {
      expect(aadstsAdvice(numbers)).toBeUndefined()
      expect(aadstsHint(numbers)).toBeUndefined()
    }
  })

  it('takes a wrapper only when nothing else is known, whatever the numbers', () => {
    const numbers = Object.keys(aadsts).map(Number)
    const wrappers = [70002, 50000, 70000]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...numbers, 1, 2), { minLength: 1, maxLength: 4 }), (some) => {
        const mixed = [...wrappers, ...some]
        const code = aadstsAdvice(mixed)?.code
        const specific = some.some((number) => numbers.includes(number) && !wrappers.includes(number))
        expect(wrappers.includes(code ?? 0)).toBe(!specific)
      }),
    )
  })
})

describe('hints', () => {
  it('are the meaning and the remedy, as sentences', () => {
    expect(aadstsHint([50057])).toMatch(/^The account is disabled\. An administrator enables it: .*\.$/)
    expect(msisHint('MSIS9615')).toBe(
      'The refresh token is invalid or has expired. Sign in with user name and password again.',
    )
    expect(aadb2cHint('AADB2C90225')).toMatch(/^User name or password is wrong\. .*tried once/)
    expect(oauthErrorHint('invalid_grant')).toMatch(/was refused\. It was tried once\./)
  })

  it('are none for what is unknown, or one that points at the description and the log', () => {
    for (const hint of [aadb2cHint, msisHint])
      for (const code of [undefined, '', 'X1']) expect(hint(code)).toBe(undefined)
    expect(oauthErrorHint('something_new')).toMatch(/description.*log/)
  })

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'do not take %j, which a server may send, for an entry',
    (word) => {
      expect(oauthErrorHint(word)).toMatch(/description/)
      expect(aadb2cHint(word)).toBeUndefined()
      expect(msisHint(word)).toBeUndefined()
      expect(findAdvice(suberrors, word)).toBeUndefined()
    },
  )
})
