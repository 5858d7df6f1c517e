import { describe, expect, it } from 'vitest'
import { parseAuthority } from '../../src/protocol/authority.ts'
import { buildInstanceDiscoveryRequest, parseInstanceDiscovery } from '../../src/protocol/instance-discovery.ts'

const authority = parseAuthority('https://login.cloud.example/contoso.example')
const itself = {
  networkHost: 'login.cloud.example',
  cacheHost: 'login.cloud.example',
  aliases: ['login.cloud.example'],
}
const answer = (body: unknown, status = 200) => ({ status, headers: {}, body: JSON.stringify(body) })
const entry = (preferred_network: unknown, preferred_cache: unknown, aliases: unknown) => ({
  metadata: [{ preferred_network, preferred_cache, aliases }],
})

describe('instance discovery', () => {
  it('asks the worldwide cloud about the host and tenant, and for no credential', () => {
    const { url, method, body } = buildInstanceDiscoveryRequest(authority, 'c')
    expect([method, body, new URL(url).host]).toEqual(['GET', undefined, 'login.microsoftonline.com'])
    expect(new URL(url).searchParams.get('authorization_endpoint')).toBe(
      'https://login.cloud.example/contoso.example/oauth2/v2.0/authorize',
    )
  })

  it('reads the hosts that mean the same service', () => {
    const aliases = ['Login.Cloud.Example', 'sts.cloud.example']
    expect(
      parseInstanceDiscovery(answer(entry('sts.cloud.example', 'login.cloud.example', aliases)), authority),
    ).toEqual({
      networkHost: 'sts.cloud.example',
      cacheHost: 'login.cloud.example',
      aliases: ['login.cloud.example', 'sts.cloud.example'],
    })
  })

  it.each([
    ['no entry', {}],
    ['entries of other hosts', entry('a.example', 'a.example', ['a.example'])],
    ['a network host that is no alias', entry('evil.test', 'login.cloud.example', ['login.cloud.example'])],
    ['a cache host that is no alias', entry('login.cloud.example', 'evil.test', ['login.cloud.example'])],
    ['hosts that are URLs', entry('https://evil.test/', 'x', ['login.cloud.example', 'https://evil.test/'])],
    ['wrong types', { metadata: [null, 7, { aliases: 'login.cloud.example' }] }],
  ])('lets the host stand for itself when the answer has %s', (_, body) => {
    expect(parseInstanceDiscovery(answer(body), authority)).toEqual(itself)
  })

  it('refuses a host that Entra does not know', () => {
    expect(() => parseInstanceDiscovery(answer({ error: 'invalid_instance' }, 400), authority)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_AUTHORITY', step: 'authority' }),
    )
    expect(() => parseInstanceDiscovery(answer({}, 500), authority)).toThrow(
      expect.objectContaining({ code: 'ERR_UNEXPECTED_STATUS' }),
    )
  })
})
