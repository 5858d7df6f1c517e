import tls from 'node:tls'
import { Deadline } from '../../client/deadline.ts'
import type { SignInPath } from '../../client/token-result.ts'
import { isAuthError } from '../../errors.ts'
import { type Authority, parseAuthority } from '../../protocol/authority.ts'
import { createTlsSettings, readConnectionOptions } from '../../transport/connection-options.ts'
import type { ClosableTransport } from '../../transport/exchange.ts'
import { type Check, failedBy, skip } from './check.ts'
import { describeAuthority } from './discovery-checks.ts'
import { examineSignIn } from './examine-sign-in.ts'
import { type Environment, findProxy, judgeEnvironment } from './proxy-environment.ts'
import { judgeClientId, judgeUsername, listRisks, type Risk } from './risks.ts'

export interface DoctorRequest {
  readonly username: string
  readonly authority: string
  /** PEM. */
  readonly ca?: string
  readonly proxy?: string
  readonly clientId?: string
  /** For everything together. */
  readonly timeoutMs: number
  readonly env: Environment
  readonly stop: AbortSignal
}

/** What `ropc doctor` found out. */
export interface Diagnosis {
  readonly username: string
  readonly authority: string
  /** In the order of a sign-in. */
  readonly checks: readonly Check[]
  /** The way a sign-in would take; absent where that could not be found out. */
  readonly path?: SignInPath
  /** Origin of the host that would get the password. */
  readonly passwordGoesTo?: string
  readonly risks: readonly Risk[]
}

/**
 * Finds out why a sign-in would fail, without a password: the user name and the environment, the hosts, what discovery
 * says, and whether the endpoints answer.
 *
 * @throws `InvalidArgumentError` for certificates that cannot be read; the reason of `stop` when it aborts. Everything
 *   else that goes wrong is a failed check.
 */
export async function diagnose(request: DoctorRequest): Promise<Diagnosis> {
  const { username, ca, proxy, clientId, env, stop } = request
  const known = [judgeUsername(username), ...judgeEnvironment(proxy, env, ca !== undefined)]
  const ends = (checks: readonly Check[], authority?: Authority): Diagnosis => {
    return {
      username,
      authority: authority?.url ?? request.authority,
      checks,
      risks: listRisks(username, authority, undefined),
    }
  }
  const authority = attempt(() => parseAuthority(request.authority), 'authority', 'authority')
  if ('status' in authority) return ends([...known, authority, ...skipAll('the authority cannot be used')])
  known.push(...(clientId === undefined ? [] : [judgeClientId(clientId, authority)]))
  const { hostname } = new URL(authority.url)
  const settings = { loopbackHosts: [hostname], ...(ca === undefined ? {} : { ca }) }
  const tlsSettings = createTlsSettings(tls, readConnectionOptions(settings))
  const transport = await openTransport(settings, proxy)
  if (!('close' in transport)) {
    const others = known.filter(({ id }) => id !== 'proxy')
    return ends([...others, transport, describeAuthority(authority), ...skipAll('the proxy cannot be used')], authority)
  }
  const deadline = new Deadline(request.timeoutMs, stop)
  try {
    const { signal } = deadline
    const proxyInUse = findProxy(proxy, env)
    const found = await examineSignIn({
      username,
      authority,
      transport,
      probing: { signal, tlsSettings, rules: { loopbackHosts: [hostname] } },
      ...(clientId === undefined ? {} : { clientId }),
      ...(proxyInUse === undefined ? {} : { proxy: proxyInUse }),
    })
    stop.throwIfAborted()
    const { realm, checks, ...way } = found
    const risks = listRisks(username, authority, realm)
    return {
      username,
      authority: authority.url,
      checks: [...known, describeAuthority(authority), ...checks],
      ...way,
      risks,
    }
  } finally {
    deadline.end()
    await transport.close()
  }
}

async function openTransport(
  settings: { readonly loopbackHosts: readonly string[]; readonly ca?: string },
  proxy: string | undefined,
): Promise<ClosableTransport | Check> {
  if (proxy === undefined) return (await import('../../transport/https-transport.ts')).createHttpsTransport(settings)
  const { createUndiciTransport } = await import('../../transport/undici-transport.ts')
  return attempt(() => createUndiciTransport({ ...settings, proxy }), 'proxy', 'proxy')
}

function attempt<T>(run: () => T, id: string, label: string): T | Check {
  try {
    return run()
  } catch (error) {
    if (isAuthError(error)) return failedBy(error, id, label)
    throw error
  }
}

const laterChecks = [
  ['host.authority', 'authority host'],
  ['metadata', 'OpenID configuration'],
  ['realm', 'user realm'],
  ['mex', 'MEX document'],
  ['endpoint.token', 'token endpoint'],
  ['endpoint.wstrust', 'WS-Trust endpoint'],
  ['clock', 'clock'],
  ['path', 'path'],
] as const

function skipAll(why: string): readonly Check[] {
  return laterChecks.map(([id, label]) => skip(id, label, why))
}
