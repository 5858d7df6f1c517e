import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import { decodeJwt, getJson, postForm, type TokenResult } from './messages.ts'

const guid = 'f7a9b1c3-4d5e-4f60-9b2c-3d4e5f6a7b04'
const simulator = await createSimulator({ ciamHost: 'contoso.ciamlogin.com' })
const ciam = 'https://contoso.ciamlogin.com'
const dora = { username: 'dora@mail.example', password: 'Ci4m+Pass=w0rd' }

function ask(authority: string, fields: Record<string, string> = {}): Promise<TokenResult> {
  return postForm(simulator.send, `${authority}/oauth2/v2.0/token`, {
    grant_type: 'password',
    client_id: 'ed0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2f',
    scope: 'openid offline_access User.Read',
    client_info: '1',
    ...dora,
    ...fields,
  })
}

it.each(['contoso.onmicrosoft.com', guid])(
  'signs a local account in at /%s, as an issuer with another host name',
  async (tenant) => {
    const { body } = await ask(`${ciam}/${tenant}`)
    const issuer = `https://${guid}.ciamlogin.com/${guid}/v2.0`
    expect(decodeJwt(body['id_token'])).toMatchObject({ iss: issuer, tid: guid, preferred_username: dora.username })
    const metadata = await getJson(simulator.send, `${ciam}/${tenant}/v2.0/.well-known/openid-configuration`)
    expect(metadata.body).toMatchObject({ issuer, token_endpoint: `${ciam}/${tenant}/oauth2/v2.0/token` })
    expect(simulator.authorities.ciam).toBe(`${ciam}/contoso.onmicrosoft.com`)
  },
)

it('does not know the tenant of the other directory, nor its users', async () => {
  expect((await ask(`${ciam}/contoso.example`)).body['error_codes']).toEqual([90002])
  const ada = await ask(`${ciam}/${guid}`, { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é' })
  expect(ada.body['error_codes']).toEqual([50034])
  expect((await ask(`${ciam}/${guid}`, { password: 'x' })).body['error_codes']).toEqual([50126])
})

it('is where its users belong: Entra turns them away with 500208', async () => {
  for (const authority of [simulator.authority, 'https://login.simulator.invalid/organizations']) {
    const answer = await ask(authority, { client_id: simulator.clientId })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request', error_codes: [500208] } })
  }
})

it('keeps its refresh tokens to itself', async () => {
  const { body } = await ask(`${ciam}/${guid}`)
  const refresh = (authority: string, client: string): Promise<TokenResult> =>
    postForm(simulator.send, `${authority}/oauth2/v2.0/token`, {
      grant_type: 'refresh_token',
      client_id: client,
      refresh_token: String(body['refresh_token']),
      scope: 'openid User.Read',
    })
  expect((await refresh(`${ciam}/${guid}`, 'ed0e1f2a-3b4c-4d5e-8f6a-7b8c9d0e1f2f')).status).toBe(200)
  expect((await refresh(simulator.authority, simulator.clientId)).body['error_codes']).toEqual([70000])
})

it('has one issuer on loopback, since there are no names below it', async () => {
  await using running = await simulator.listen()
  const { body } = await ask(running.authorities.ciam)
  expect(decodeJwt(body['id_token'])['iss']).toBe(`${new URL(running.authorities.ciam).origin}/${guid}/v2.0`)
})
