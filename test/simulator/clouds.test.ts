import { expect, it } from 'vitest'
import { createSimulator } from '../../src/simulator.ts'
import {
  assertionIn,
  assertionRequest,
  decodeJwt,
  getJson,
  passwordRequest,
  postSoap,
  requestSecurityToken,
} from './messages.ts'

const ada = 'ada@contoso.example'

it.each([
  ['login.microsoftonline.us', 'login.usgovcloudapi.net', 'microsoftonline.us'],
  ['login.partner.microsoftonline.cn', 'login.chinacloudapi.cn', 'partner.microsoftonline.cn'],
  ['login.microsoftonline.de', 'login.microsoftonline.de', 'microsoftonline.de'],
  ['login-us.microsoftonline.com', 'login-us.microsoftonline.com', 'login-us.microsoftonline.com'],
  ['login.sovcloud-identity.fr', 'login.sovcloud-identity.fr', 'sovcloud-identity.fr'],
  ['login.sovcloud-identity.de', 'login.sovcloud-identity.de', 'sovcloud-identity.de'],
  ['login.sovcloud-identity.sg', 'login.sovcloud-identity.sg', 'sovcloud-identity.sg'],
])('plays %s under each of its names', async (host, alias, instanceName) => {
  const simulator = await createSimulator({ entraHost: host })
  const { body } = await passwordRequest(simulator, ada)
  expect(decodeJwt(body['id_token'])['iss']).toBe(`${simulator.authority}/v2.0`)
  const realm = await getJson(simulator.send, `https://${alias}/common/userrealm/${ada}?api-version=1.0`)
  expect(realm.body['cloud_instance_name']).toBe(instanceName)
  const authorize = encodeURIComponent(`https://${alias}/organizations/oauth2/v2.0/authorize`)
  const url = `https://${host}/common/discovery/instance?api-version=1.1&authorization_endpoint=${authorize}`
  const instance = await getJson(simulator.send, url)
  expect(instance.body['metadata']).toContainEqual({
    preferred_network: host,
    preferred_cache: host,
    aliases: [...new Set([host, alias])],
  })
})

it('wants the audience of its own cloud in an assertion', async () => {
  const simulator = await createSimulator({ entraHost: 'login.partner.microsoftonline.cn' })
  const fred = simulator.users.find(({ username }) => username === 'fred@fed.contoso.example')
  if (fred === undefined) throw new Error('no fred')
  const realmUrl = `https://login.partner.microsoftonline.cn/common/userrealm/${fred.username}?api-version=1.0`
  const { body } = await getJson(simulator.send, realmUrl)
  const to = String(body['federation_active_auth_url'])
  const redeem = async (appliesTo: string): ReturnType<typeof assertionRequest> => {
    const rst = requestSecurityToken({ ...fred, version: '2005', to, appliesTo })
    return assertionRequest(simulator, assertionIn(await postSoap(simulator.send, to, rst)))
  }
  expect((await redeem(String(body['cloud_audience_urn']))).status).toBe(200)
  expect((await redeem('urn:federation:MicrosoftOnline')).body['error_codes']).toEqual([50010])
})

it('answers under any other host name, and without instance discovery where that is off', async () => {
  const simulator = await createSimulator({ entraHost: 'login.private.example:8443', instanceDiscovery: false })
  expect((await passwordRequest(simulator, ada)).status).toBe(200)
  const url = 'https://login.private.example:8443/common/discovery/instance?api-version=1.1'
  expect((await getJson(simulator.send, url)).status).toBe(404)
  const metadata = 'https://login.private.example:8443/common/v2.0/.well-known/openid-configuration'
  expect((await getJson(simulator.send, metadata)).body['issuer']).toBe(
    'https://login.private.example:8443/{tenantid}/v2.0',
  )
})
