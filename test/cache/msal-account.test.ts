import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountEntity } from '../../src/cache/entities.ts'
import { entityKey } from '../../src/cache/keys.ts'
import { createClientInfoWriter, generatedClientInfo } from '../../src/cache/msal-account.ts'
import { readMsalEntry, writeMsalEntries } from '../../src/cache/msal-schema.ts'

const home: AccountEntity = {
  kind: 'Account',
  homeAccountId: 'u.t',
  environment: 'login.windows.net',
  localAccountId: 'u',
  tenantId: 't',
  username: 'ada@contoso.example',
  name: 'Ada',
}
const guest: AccountEntity = { ...home, tenantId: 'other', localAccountId: 'g', username: 'ada#EXT#', name: 'Guest' }
const value = {
  home_account_id: 'u.t',
  environment: 'login.windows.net',
  realm: 't',
  local_account_id: 'u',
  username: 'ada@contoso.example',
  authority_type: 'MSSTS',
}
// {"uid":"u","utid":"t"}
const clientInfo = 'eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ'

function read(change: object): readonly unknown[] {
  return readMsalEntry({ section: 'Account', key: 'k', value: { ...value, ...change } }).entities
}

function write(...accounts: readonly AccountEntity[]): readonly Record<string, unknown>[] {
  const entries = writeMsalEntries(
    home.homeAccountId,
    accounts.map((account) => [entityKey(account), account] as const),
  )
  return entries.map((entry) => entry.value as Record<string, unknown>)
}

/** The tenant profiles of an entry, decoded. */
function profilesOf(entry: Record<string, unknown> | undefined): readonly { readonly tenantId: string }[] {
  const texts = entry?.['tenantProfiles'] as readonly string[]
  return texts.map((text) => JSON.parse(text) as { tenantId: string })
}

const profile = (change: object) => JSON.stringify({ tenantId: 't', localAccountId: 'u', username: 'ada', ...change })

describe('readMsalEntry for accounts', () => {
  it('reads one account of the realm where there are no tenant profiles', () => {
    const { name: _, ...nameless } = home
    expect(read({})).toEqual([nameless])
    for (const tenantProfiles of [null, []]) expect(read({ tenantProfiles, name: 'Ada' })).toEqual([home])
  })

  it('reads one account for each tenant profile, and what a profile leaves out from the entry', () => {
    const tenantProfiles = [
      '{"tenantId":"t"}',
      profile({ tenantId: 'other', localAccountId: 'g', username: 'ada#EXT#', name: 'Guest' }),
    ]
    expect(read({ tenantProfiles, name: 'Ada' })).toEqual([home, guest])
    expect(read({ tenantProfiles: [{ tenantId: 't' }], name: 'Ada' })).toEqual([home])
  })

  it.each([['{"tenantId":'], ['7'], ['null'], ['{}'], ['{"tenantId":7}'], [7]])(
    'carries an account with the profile %j along',
    (bad) => {
      expect(read({ tenantProfiles: [profile({}), bad] })).toMatchObject([{ kind: 'Foreign' }])
    },
  )

  it.each([
    { tenantProfiles: 'text' },
    { realm: 7 },
    { username: {} },
    { local_account_id: 7 },
    { environment: null },
    { user_assertion_hash: 'h' },
    { userAssertionHash: 'h' },
  ])('carries an account with %j along', (change) => {
    expect(read(change)).toMatchObject([{ kind: 'Foreign' }])
  })

  it('reads missing texts as empty ones, as AD FS accounts of msal-node and MSAL.NET need it', () => {
    expect(read({ realm: undefined, username: null, local_account_id: undefined, authority_type: 'ADFS' })).toEqual([
      {
        kind: 'Account',
        homeAccountId: 'u.t',
        environment: 'login.windows.net',
        localAccountId: '',
        tenantId: '',
        username: '',
        authorityType: 'ADFS',
      },
    ])
  })

  it('keeps what is unknown in the entry, and in a profile', () => {
    const [entity] = read({
      account_source: 'password',
      tenantProfiles: [profile({ loginHint: 'h' })],
    }) as AccountEntity[]
    expect(entity?.msal).toEqual({ fields: { account_source: 'password', tenantProfiles: { loginHint: 'h' } } })
    const [again] = write(entity ?? home)
    expect(again).toMatchObject({ account_source: 'password' })
    expect(profilesOf(again)).toMatchObject([{ tenantId: 't', loginHint: 'h' }])
  })
})

describe('writeMsalEntries for accounts', () => {
  it('writes a guest in two tenants as one entry of the home tenant, in whatever order they come', () => {
    for (const accounts of [
      [home, guest],
      [guest, home],
    ]) {
      const [entry, ...more] = write(...accounts)
      expect(more).toEqual([])
      expect(entry).toMatchObject({ ...value, name: 'Ada', client_info: clientInfo })
      const profiles = [...profilesOf(entry)]
      expect(profiles.sort((a, b) => (a.tenantId < b.tenantId ? 1 : -1))).toEqual([
        { tenantId: 't', localAccountId: 'u', name: 'Ada', username: 'ada@contoso.example', isHomeTenant: true },
        { tenantId: 'other', localAccountId: 'g', name: 'Guest', username: 'ada#EXT#', isHomeTenant: false },
      ])
    }
  })

  it('takes the home tenant for the realm, and the first account for the rest, where there is none of the home tenant', () => {
    expect(write(guest)).toMatchObject([{ realm: 't', local_account_id: 'g', username: 'ada#EXT#', name: 'Guest' }])
  })

  it('lets unknown members of the home tenant win', () => {
    const noted = (entity: AccountEntity, x: number) => ({ ...entity, msal: { fields: { x } } })
    expect(write(noted(home, 1), noted(guest, 2))).toMatchObject([{ x: 1 }])
    expect(write(noted(guest, 2), noted(home, 1))).toMatchObject([{ x: 1 }])
  })

  it('keeps clouds apart', () => {
    const realms = write(home, { ...home, environment: 'login.chinacloudapi.cn' }).map((entry) => entry['environment'])
    expect(realms).toEqual(['login.windows.net', 'login.chinacloudapi.cn'])
  })

  it('writes the host that stands for the cloud where its accounts name several', () => {
    expect(write({ ...home, environment: 'sts.windows.net' })).toMatchObject([{ environment: 'sts.windows.net' }])
    const [entry, ...more] = write(
      { ...home, environment: 'sts.windows.net' },
      { ...guest, environment: 'login.microsoft.com' },
    )
    expect(entry).toMatchObject({ environment: 'login.windows.net' })
    expect(more).toEqual([])
  })

  it('keeps a client_info that was received, and an authority type that it does not know', () => {
    const received = { client_info: 'eyJ4IjoxfQ', authority_type: 'MSA' }
    const entities = read(received) as AccountEntity[]
    expect(write(...entities)).toMatchObject([received])
    const [usual] = read({ client_info: clientInfo }) as AccountEntity[]
    expect(usual).not.toHaveProperty('msal')
  })

  it('writes an AD FS account without client_info, under its own tenant', () => {
    const adfs: AccountEntity = {
      ...home,
      homeAccountId: 'Sub',
      tenantId: 'adfs',
      environment: 'sts.contoso.example',
      authorityType: 'ADFS',
    }
    const [entry] = writeMsalEntries('Sub', [['', adfs]])
    expect(entry).toMatchObject({
      key: 'sub-sts.contoso.example-adfs',
      value: { realm: 'adfs', authority_type: 'ADFS' },
    })
    expect(entry?.value).not.toHaveProperty('client_info')
  })

  it.each(['.t', 'u.', '.'])('does not take %s for a user and a tenant', (homeAccountId) => {
    const [entry] = writeMsalEntries(homeAccountId, [['', { ...home, homeAccountId, tenantId: 'x' }]])
    expect(entry?.value).toMatchObject({ realm: 'x' })
    expect(entry?.value).not.toHaveProperty('client_info')
  })

  it('carries the sign-in name: as a text where all tenants share it, else by tenant', () => {
    const signInName = 'Ada'
    expect(write({ ...home, signInName }, { ...guest, signInName })).toMatchObject([{ ropc_sign_in_name: 'Ada' }])
    const accounts = [{ ...home, signInName, tenantId: '__proto__' }, { ...guest, signInName: 'G' }, home]
    const [entry] = write(...accounts)
    expect(readMsalEntry({ section: 'Account', key: 'k', value: entry }).entities).toEqual(accounts)
    expect(read({ ropc_sign_in_name: 7 })[0]).not.toHaveProperty('signInName')
    expect(read({ ropc_sign_in_name: { t: 7 } })[0]).not.toHaveProperty('signInName')
  })
})

describe('the client_info of many users', () => {
  it('is the one of each, whatever the lengths of their ids', () => {
    const part = fc.string({ unit: fc.constantFrom(...'-._0189afz'), maxLength: 40 })
    const clientInfoOf = createClientInfoWriter()
    fc.assert(
      fc.property(part, fc.constantFrom('.t', '.tenant-2', '.', ''), (uid, tenant) => {
        expect(clientInfoOf(uid + tenant)).toBe(generatedClientInfo(uid + tenant))
      }),
    )
  })
})
