import {
  type ClientOptions,
  clientSecretBasic,
  clientSecretPost,
  createRopcClient,
  type HttpRequest,
  type HttpResponse,
} from '../../src/index.ts'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { demoWorld } from '../../src/simulator/world.ts'
import { collectTrace, type Trace } from '../../src/trace.ts'
import { demo } from '../flows/simulated.ts'

export interface Exchange {
  readonly request: HttpRequest
  readonly response: HttpResponse
}

export interface Recording {
  readonly exchanges: readonly Exchange[]
  /** The traces of all calls, at this level. */
  traces(level: 'share' | 'team' | 'raw'): readonly Trace[]
  /** Passwords and client secrets that were used. */
  readonly secrets: readonly string[]
}

const hosts = {
  entraHost: 'login.microsoftonline.com',
  adfsHost: 'sts.contoso.example',
  b2cHost: 'contoso.b2clogin.com',
  ciamHost: 'contoso.ciamlogin.com',
  oidcHost: 'idp.fabrikam.example',
}

/** Every kind of sign-in and many refusals at the simulator's servers, as they went over the wire. */
export async function recordExchanges(): Promise<Recording> {
  const exchanges: Exchange[] = []
  const collectors: ReturnType<typeof collectTrace>[] = []
  const secrets = new Set<string>()
  const farm2005 = { world: { farm: { ...demoWorld().farm, offer: ['2005'] as const } } }
  const simulator = await createSimulator(hosts)
  const older = await createSimulator({ ...hosts, ...farm2005 })

  const clientOn = (at: Simulator, side: keyof Simulator['authorities'], options: Partial<ClientOptions> = {}) => {
    const onEvent = collectTrace()
    collectors.push(onEvent)
    const app = at.apps.find(({ authority, secret }) => authority === side && secret === undefined)
    return createRopcClient({
      clientId: side === 'oidc' ? 'demo-public' : (app?.clientId ?? demoWorld().ciam.apps[0]?.clientId ?? ''),
      authority: at.authorities[side],
      authorityKind: side,
      // What is asked again is asked at once.
      runtime: { wait: async () => undefined },
      onEvent,
      transport: async (request, sendOptions) => {
        const response = await at.send(request, sendOptions)
        exchanges.push({ request, response })
        return response
      },
      ...options,
    })
  }
  const signIn = async (
    client: ReturnType<typeof clientOn>,
    user: { username: string; password: string },
    scopes: string[],
  ) => {
    secrets.add(user.password)
    const { username, password } = user
    return client.acquireTokenByUsernamePassword({ username, password, scopes }).catch(() => undefined)
  }
  const firstOf = (side: string) =>
    simulator.allUsers.find(({ authority, expect }) => authority === side && expect === undefined) ?? demo.ada

  const entra = clientOn(simulator, 'entra')
  for (const user of simulator.users) await signIn(entra, user, ['User.Read'])
  for (const user of [demo.ada, demo.fred]) await signIn(entra, { ...user, password: 'Wr0ng-Passw0rd!' }, ['User.Read'])
  await entra.acquireTokenSilent({
    account: { username: demo.fred.username },
    scopes: ['Mail.Read'],
    forceRefresh: true,
  })
  await signIn(entra, { username: "o'neil#x@contoso.example", password: 'N0body-knows' }, ['User.Read'])
  await signIn(clientOn(older, 'entra'), demo.fred, ['User.Read'])
  const confidential = simulator.apps.find(({ authority, secret }) => authority === 'entra' && secret !== undefined)
  const appSecret = confidential?.secret ?? ''
  secrets.add(appSecret)
  for (const clientAuthentication of [clientSecretPost(appSecret), clientSecretBasic(appSecret)]) {
    await signIn(
      clientOn(simulator, 'entra', { clientId: confidential?.clientId ?? '', clientAuthentication }),
      demo.ada,
      ['User.Read'],
    )
  }
  const onUserCode = ({ userCode }: { userCode: string }): void => simulator.approveDevice(userCode, demo.ada.username)
  await clientOn(simulator, 'entra').acquireTokenByDeviceCode({ scopes: ['User.Read'], onUserCode })

  await signIn(clientOn(simulator, 'adfs'), demo.fred, ['openid'])
  await signIn(clientOn(simulator, 'adfs'), { ...demo.fred, password: 'Wr0ng-Passw0rd!' }, ['openid'])
  const b2c = clientOn(simulator, 'b2c')
  const b2cScope = simulator.apps.find(({ authority }) => authority === 'b2c')?.clientId ?? ''
  for (const user of simulator.allUsers.filter(({ authority }) => authority === 'b2c'))
    await signIn(b2c, user, [b2cScope])
  await signIn(clientOn(simulator, 'ciam'), firstOf('ciam'), ['openid'])
  const oidc = clientOn(simulator, 'oidc')
  const answer = await signIn(oidc, firstOf('oidc'), ['openid', 'profile'])
  if (answer?.idToken !== undefined) await oidc.verifyIdToken(answer.idToken)
  await signIn(oidc, { ...firstOf('oidc'), password: 'Wr0ng-Passw0rd!' }, ['read'])
  secrets.add('p%3Aq:r+s/t u')
  const basic = clientSecretBasic('p%3Aq:r+s/t u')
  await signIn(clientOn(simulator, 'oidc', { clientId: 'demo-basic', clientAuthentication: basic }), firstOf('oidc'), [
    'read',
  ])
  return {
    exchanges,
    secrets: [...secrets],
    traces: (level) => collectors.map((collector) => collector.trace({ level })),
  }
}
