import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, graphScope, passwordRequest, postForm } from './messages.ts'

const simulator = await createSimulator()
const ada = 'ada@contoso.example'
const capable = { access_token: { xms_cc: { values: ['cp1'] } } }

it('gives a client that takes claims challenges a token that says so and lives 28 hours', async () => {
  const { body } = await passwordRequest(simulator, ada, { claims: JSON.stringify(capable) })
  expect(body).toMatchObject({ expires_in: 100_800, refresh_in: 50_400 })
  expect(decodeJwt(body['access_token'])['xms_cc']).toEqual(['cp1'])
  expect(decodeJwt(body['id_token'])).not.toHaveProperty('xms_cc')
  const plain = await passwordRequest(simulator, ada, { claims: '{"id_token":{"login_hint":null}}' })
  expect(plain.body['expires_in']).toBe(3600)
  expect(decodeJwt(plain.body['access_token'])).not.toHaveProperty('xms_cc')
  const chosen = await createSimulator({ accessTokenLifetimeSeconds: 600 })
  expect((await passwordRequest(chosen, ada, { claims: JSON.stringify(capable) })).body['expires_in']).toBe(600)
})

it('lets a challenged user in once the claims of the challenge come back, merged or not', async () => {
  const challenged = 'challenge@contoso.example'
  const first = await passwordRequest(simulator, challenged)
  expect(first.body).toMatchObject({ error: 'interaction_required', error_codes: [50158] })
  const claims = String(first.body['claims'])
  expect(JSON.parse(claims)).toHaveProperty('access_token.capolids.values')
  expect((await passwordRequest(simulator, challenged, { claims: JSON.stringify(capable) })).status).toBe(400)
  const merged = { access_token: { ...capable.access_token, ...JSON.parse(claims).access_token } }
  for (const back of [claims, JSON.stringify(merged)]) {
    expect((await passwordRequest(simulator, challenged, { claims: back })).status).toBe(200)
  }
  const wrong = await passwordRequest(simulator, challenged, { claims, password: 'x' })
  expect(wrong.body['error_codes']).toEqual([50126])
})

it.each(['{', '[]', 'null', '"cp1"'])('refuses the claims %s', async (claims) => {
  expect((await passwordRequest(simulator, ada, { claims })).body).toMatchObject({
    error: 'invalid_request',
    error_codes: [9002313],
  })
})

it('notes the names of what was sent, and none of the values', async () => {
  const own = await createSimulator()
  await postForm(own.send, `${own.authority}/oauth2/v2.0/token?dc=ESTS-PUB&slice=test`, {
    grant_type: 'password',
    client_id: own.clientId,
    username: ada,
    password: 'Pa$$w0rd+&=é',
    scope: graphScope,
    extra: 'val-ue',
  })
  expect(own.journal[0]?.parameters).toEqual([
    'dc',
    'slice',
    'grant_type',
    'client_id',
    'username',
    'password',
    'scope',
    'extra',
  ])
  await getJson(own.send, `https://login.simulator.invalid/common/userrealm/${ada}?api-version=1.0`)
  expect(own.journal[1]?.parameters).toEqual(['api-version'])
  expect(JSON.stringify(own.journal)).not.toMatch(/val-ue|Pa\$\$|ESTS-PUB/)
})

it('takes a bare value in place of the form for no name', async () => {
  const own = await createSimulator()
  const url = `${own.authority}/oauth2/v2.0/token?hunter2`
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  await own.send({ step: 'token', method: 'POST', url, headers, body: 'correct-horse' })
  expect(own.journal[0]?.parameters).toEqual([])
})
