import {
  type ClientEvent,
  type ClientOptions,
  createRopcClient,
  type HttpRequest,
  type HttpResponse,
  type RopcClient,
} from '../../src/index.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

export const demo = {
  ada: { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é' },
  fred: { username: 'fred@fed.contoso.example', password: `S3cret+&=<>%"'` },
  scopes: ['User.Read'],
} as const

export interface Simulated {
  readonly simulator: Simulator
  readonly client: RopcClient
  readonly events: ClientEvent[]
  /** Every request that reached the transport, as its step. */
  readonly steps: string[]
  readonly requests: HttpRequest[]
  /** How many requests since the last `forget` carried a password, an assertion or a refresh token. */
  credentialRequests(): number
  forget(): void
}

/** The simulator under the name of a known cloud, so that no metadata request is needed, and a client on it. */
export async function simulate(
  options: Partial<ClientOptions> = {},
  world: SimulatorOptions = {},
  intercept?: (request: HttpRequest, next: () => Promise<HttpResponse>) => Promise<HttpResponse>,
): Promise<Simulated> {
  const hosts = { entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example' }
  const simulator = await createSimulator({ ...hosts, ...world })
  const events: ClientEvent[] = []
  const requests: HttpRequest[] = []
  const steps: string[] = []
  const client = createRopcClient({
    clientId: simulator.clientId,
    authority: simulator.authority,
    transport: async (request, sendOptions) => {
      requests.push(request)
      steps.push(request.step)
      const next = () => simulator.send(request, sendOptions)
      return intercept === undefined ? next() : intercept(request, next)
    },
    onEvent: (event) => events.push(event),
    ...options,
  })
  return {
    simulator,
    client,
    events,
    steps,
    requests,
    credentialRequests: () =>
      requests.filter(({ body }) => /password|assertion|refresh_token=|<wsse:Password/i.test(body ?? '')).length,
    forget() {
      requests.length = 0
      steps.length = 0
      events.length = 0
      simulator.clearJournal()
    },
  }
}
