import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { isAuthError } from '../../src/errors.ts'
import { loadPeer } from '../../src/simulator/libraries.ts'
import { createSimulator, demoWorld } from '../../src/simulator.ts'
import {
  assertionRequest,
  endpointOf,
  getAssertion,
  passwordRequest,
  postForm,
  postSoap,
  requestSecurityToken,
} from './messages.ts'

const sts = 'https://sts.simulator.invalid'

it('cannot be reached under a host that is not its own, nor over http', async () => {
  const simulator = await createSimulator()
  for (const url of [
    'https://login.microsoftonline.com/',
    'http://login.simulator.invalid/',
    'https://login.simulator.invalid:8443/',
  ]) {
    const failed = simulator.send({ step: 'realm', method: 'GET', url, headers: {} })
    await expect(failed).rejects.toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', step: 'realm' })
  }
  expect(simulator.journal).toEqual([])
})

it('obeys a signal that was aborted before', async () => {
  const { send, authority } = await createSimulator()
  const failed = send(
    { step: 'mex', method: 'GET', url: authority, headers: {} },
    { signal: AbortSignal.abort('enough') },
  )
  await expect(failed).rejects.toMatchObject({ name: 'AbortError', code: 'ERR_TRANSPORT_ABORTED', cause: 'enough' })
})

it('tells where the answer came from, and 404 for what it does not serve', async () => {
  const { send } = await createSimulator()
  for (const url of ['https://login.simulator.invalid/x/y', `${sts}/adfs/ls`]) {
    expect(await send({ step: 'realm', method: 'GET', url, headers: {} })).toMatchObject({ status: 404, url })
  }
})

it.each([{ entraHost: 'a/b' }, { adfsHost: 'user@host' }, { entraHost: 'same.example', adfsHost: 'same.example' }])(
  'refuses the hosts %j',
  async (options) => {
    await expect(createSimulator(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', step: 'authority' })
  },
)

it('keeps no secret in its journal, whoever sent what to which place', async () => {
  const simulator = await createSimulator()
  const secrets = simulator.users.map(({ password }) => password)
  for (const user of simulator.users) {
    const { body } = await passwordRequest(simulator, user.username)
    for (const member of ['access_token', 'refresh_token', 'id_token']) {
      if (body[member] !== undefined) secrets.push(String(body[member]))
    }
    const to = endpointOf(sts, '1.3')
    const rst = requestSecurityToken({ ...user, version: '1.3', to })
    for (const path of ['13/usernamemixed', '13/username', '2005/windowstransport']) {
      await postSoap(simulator.send, `${sts}/adfs/services/trust/${path}`, rst)
    }
    // Somebody confuses the fields, or sends the password to the wrong side, or in the query.
    await postForm(
      simulator.send,
      `${simulator.authority}/oauth2/v2.0/token?password=${encodeURIComponent(user.password)}`,
      {
        grant_type: user.password,
      },
    )
    await postSoap(simulator.send, `${simulator.authority}/oauth2/v2.0/token`, rst)
  }
  const assertion = await getAssertion(simulator, 'fred@fed.contoso.example')
  secrets.push(assertion, Buffer.from(assertion).toString('base64url'))
  await assertionRequest(simulator, assertion)
  const text = JSON.stringify(simulator.journal) + inspect(simulator.journal, { depth: 9 })
  for (const secret of secrets) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(encodeURIComponent(secret))
  }
  expect(simulator.journal.every(({ carriedCredential }) => carriedCredential)).toBe(true)
  simulator.clearJournal()
  expect(simulator.journal).toEqual([])
})

it('lists the apps of every authority', async () => {
  const { apps, authorities } = await createSimulator()
  expect(new Set(apps.map(({ authority }) => authority))).toEqual(new Set(Object.keys(authorities)))
})

it('keeps the secrets of the other authorities out of its journal too, in every field', async () => {
  const simulator = await createSimulator()
  const { adfs, b2c, ciam, oidc } = simulator.authorities
  const endpoints = [`${adfs}/oauth2/token`, `${b2c}/oauth2/v2.0/token`, `${ciam}/oauth2/v2.0/token`, `${oidc}/token`]
  const secrets = [...simulator.allUsers.map(({ password }) => password), ...simulator.apps.map(({ secret }) => secret)]
  for (const secret of secrets.filter((text) => text !== undefined)) {
    for (const url of endpoints) {
      for (const field of ['grant_type', 'client_id', 'client_secret', 'password', 'scope', 'refresh_token']) {
        await postForm(simulator.send, url, { grant_type: 'password', password: 'x', [field]: secret })
      }
    }
  }
  const text = JSON.stringify(simulator.journal)
  for (const secret of secrets) expect(text).not.toContain(secret)
  expect(simulator.journal.every(({ carriedCredential }) => carriedCredential)).toBe(true)
})

it('notes discovery as carrying no credential', async () => {
  const simulator = await createSimulator()
  const entra = 'https://login.simulator.invalid'
  const urls = [
    `${entra}/common/userrealm/ada@contoso.example?api-version=1.0`,
    `${sts}/adfs/services/trust/mex`,
    `${entra}/organizations/v2.0/.well-known/openid-configuration`,
    `${entra}/organizations/discovery/v2.0/keys`,
    `${entra}/common/discovery/instance?api-version=1.1`,
    `${entra}/`,
  ]
  for (const url of urls) await simulator.send({ step: 'realm', method: 'GET', url, headers: {} })
  expect(simulator.journal.map(({ kind }) => kind)).toEqual(['realm', 'mex', 'metadata', 'jwks', 'instance', 'other'])
  expect(simulator.journal.some(({ carriedCredential }) => carriedCredential)).toBe(false)
  expect(simulator.journal[0]).toMatchObject({
    username: 'ada@contoso.example',
    method: 'GET',
    status: 200,
    host: 'login.simulator.invalid',
  })
})

it('says which optional dependency is missing, and how to install all of them', async () => {
  const absent = 'a-package-that-is-not-installed'
  const failed = loadPeer('xml-crypto', () => import(/* @vite-ignore */ absent))
  await expect(failed).rejects.toSatisfy(isAuthError)
  await expect(failed).rejects.toMatchObject({
    name: 'UnsupportedError',
    code: 'ERR_MISSING_DEPENDENCY',
    step: 'authority',
    message: 'the simulator needs xml-crypto, which is not installed',
    hint: 'npm install xml-crypto@6 @peculiar/x509@2 reflect-metadata@0.2',
  })
  await expect(loadPeer('xml-crypto', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
})

it('takes another world, list by list', async () => {
  const { users } = demoWorld()
  const simulator = await createSimulator({ world: { users: users.slice(0, 1) } })
  expect(simulator.users.map(({ username }) => username)).toEqual(['ada@contoso.example'])
  expect(simulator.clientId).toBe('0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0')
  expect(demoWorld()).not.toBe(demoWorld())
})

it('is made in the blink of an eye once the process has its keys', async () => {
  await createSimulator()
  const start = performance.now()
  await createSimulator()
  expect(performance.now() - start).toBeLessThan(300)
})
