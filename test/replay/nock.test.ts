import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRopcClient } from '../../src/index.ts'
import { fixture } from '../fixtures.ts'

// The default transport is node:https, which nock 14 intercepts; it does not see undici's own request().
const cloud = 'https://login.microsoftonline.com'
const sts = 'https://sts.contoso.example'
const clientId = '00001111-aaaa-4222-bbbb-3333cccc4444'
const scopes = ['User.Read']
const runtime = { now: () => 1_795_375_600 }
const soap = { 'content-type': 'application/soap+xml; charset=utf-8' }
const json = { 'content-type': 'application/json; charset=utf-8' }

describe('the recorded answers in fixtures/, replayed by nock on the default transport', () => {
  beforeAll(() => {
    // Another file of this worker may have restored it.
    if (!nock.isActive()) nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => {
    expect(nock.pendingMocks()).toEqual([])
    nock.cleanAll()
  })
  afterAll(() => {
    nock.enableNetConnect()
    nock.restore()
  })

  it('sign a managed user in', async () => {
    nock(cloud)
      .get('/common/userrealm/ada%40contoso.example')
      .query({ 'api-version': '1.0' })
      .reply(200, fixture('realm/managed.json'), json)
    nock(cloud)
      .post('/organizations/oauth2/v2.0/token', {
        grant_type: 'password',
        username: 'ada@contoso.example',
        password: 'Pa$$w0rd+&=é',
        client_id: clientId,
        scope: 'User.Read openid profile offline_access',
        client_info: '1',
      })
      .reply(200, fixture('token/success.json'), json)
    await using client = createRopcClient({ clientId, runtime })
    const token = await client.acquireTokenByUsernamePassword({
      username: 'ada@contoso.example',
      password: 'Pa$$w0rd+&=é',
      scopes,
    })
    expect(token).toMatchObject({
      accessToken: 'fixture-access-token',
      expiresOn: new Date((1_795_375_600 + 3_599) * 1000),
      account: {
        homeAccountId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.11111111-2222-4333-8444-555555555555',
        name: 'Ada Contoso',
      },
    })
  })

  it.each([
    ['mex/adfs-2019.xml', '/adfs/services/trust/13/usernamemixed', 'rstr/13-saml11.xml', 'saml1_1-bearer'],
    ['mex/only-2005.xml', '/adfs/services/trust/2005/usernamemixed', 'rstr/2005-saml11.xml', 'saml1_1-bearer'],
    ['mex/soap-wrapped.xml', '/adfs/services/trust/13/usernamemixed', 'rstr/13-saml20.xml', 'saml2-bearer'],
  ])('sign a federated user in through %s at %s', async (mex, endpoint, rstr, grant) => {
    nock(cloud)
      .get(/\/common\/userrealm\//)
      .reply(200, fixture('realm/federated.json'), json)
    nock(sts).get('/adfs/services/trust/mex').reply(200, fixture(mex), soap)
    nock(sts)
      .post(endpoint, /<wsse:Password Type="[^"]+#PasswordText">S3cret&amp;<\/wsse:Password>/)
      .reply(200, fixture(rstr), soap)
    nock(cloud)
      .post(
        '/organizations/oauth2/v2.0/token',
        (body: Record<string, string>) => body['grant_type']?.endsWith(grant) === true,
      )
      .reply(200, fixture('token/success.json'), json)
    await using client = createRopcClient({ clientId, runtime })
    const token = await client.acquireTokenByUsernamePassword({
      username: 'fred@fed.contoso.example',
      password: 'S3cret&',
      scopes,
    })
    expect(token).toMatchObject({ source: 'password', passwordSentTo: sts, path: { type: 'federated' } })
  })

  it('tell a wrong password at AD FS from a broken server, although both come with status 500', async () => {
    nock(cloud)
      .get(/\/common\/userrealm\//)
      .reply(200, fixture('realm/federated.json'), json)
    nock(sts).get('/adfs/services/trust/mex').reply(200, fixture('mex/adfs-2019.xml'), soap)
    nock(sts).post('/adfs/services/trust/13/usernamemixed').reply(500, fixture('faults/wrong-password-13.xml'), soap)
    await using client = createRopcClient({ clientId, runtime })
    await expect(
      client.acquireTokenByUsernamePassword({ username: 'fred@fed.contoso.example', password: 'no', scopes }),
    ).rejects.toMatchObject({
      code: 'ERR_SOAP_FAULT',
      idCode: 'ID3242',
      faultSubcode: 'FailedAuthentication',
      step: 'wstrust',
    })
  })
})
