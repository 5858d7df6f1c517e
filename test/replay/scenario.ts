import type { CassetteCall, CassetteClient } from '../../src/cassette/cassette.ts'
import { type Recorder, recordTransport } from '../../src/cassette/record.ts'
import { type CallSecrets, repeatCalls } from '../../src/cassette/repeat-call.ts'
import { createRopcClient } from '../../src/client/client.ts'
import type { ClientOptions } from '../../src/client/options.ts'
import type { RopcClient } from '../../src/client/ropc-client.ts'
import type { ClientAuthentication } from '../../src/protocol/client-authentication.ts'
import type { Transport } from '../../src/protocol/http.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { ada, apps, type Side, scopes, type User } from './people.ts'

/** A cassette of the catalogue, and how it is made. */
export interface Scenario {
  /** What the author of a program would look for. */
  readonly name: string
  /** One line: what happens, and what a program has to do with it. */
  readonly title: string
  /** The clause of a standard, or the page, that it shows. */
  readonly clause: string
  /** Default `entra`. */
  readonly side?: Side
  /** Default: one who signs in. */
  readonly user?: User
  /** In place of the simulator's authority. */
  readonly authority?: string
  readonly clientId?: string
  readonly proof?: {
    readonly method: NonNullable<CassetteClient['clientAuthentication']>
    make: () => ClientAuthentication
  }
  /** Of the client, as plain data. */
  readonly options?: Partial<ClientOptions>
  readonly world?: SimulatorOptions
  /** Stands between client and simulator. */
  readonly between?: (simulator: Simulator) => Transport
  /** Default: one sign-in with the password. */
  readonly calls?: (session: Session) => Promise<void>
  readonly scopes?: readonly string[]
}

type Asked = Omit<CassetteCall, 'outcome'>

/** A recording under way. */
interface Session {
  readonly simulator: Simulator
  /** Arguments of a sign-in of the scenario's user. */
  readonly signIn: Asked
  readonly user: User
  /** Makes calls, and notes them with what they came to. */
  call(calls: Asked | readonly Asked[], secrets?: CallSecrets): Promise<void>
  /** Lets time go by, for client and servers. */
  advance(seconds: number): void
}

/** Records a scenario: the same bytes each time. */
export async function recordScenario(scenario: Scenario): Promise<string> {
  const { title, side = 'entra', user = ada, world = {}, proof, options = {} } = scenario
  const clock = { at: 1_900_000_000 }
  const source = (kind: string): { now: () => number; newId: () => string } => {
    let id = 0
    const newId = (): string => `${kind}0000000-0000-4000-8000-${String(++id).padStart(12, '0')}`
    return { now: () => clock.at, newId }
  }
  const simulator = await createSimulator({ ...hosts, ...source('e'), ...world })
  let text = ''
  const recorder: Recorder = recordTransport(
    scenario.between?.(simulator) ?? simulator.send,
    (_, written) => {
      text = written
    },
    { runtime: source('a') },
  )
  const about: CassetteClient = {
    clientId: scenario.clientId ?? apps[side],
    authority: scenario.authority ?? simulator.authorities[side],
    username: user.username,
    ...(proof === undefined ? {} : { clientAuthentication: proof.method }),
    ...(Object.keys(options).length === 0 ? {} : { options: options as Readonly<Record<string, unknown>> }),
  }
  const client: RopcClient = createRopcClient({
    ...options,
    clientId: about.clientId,
    authority: about.authority,
    transport: recorder,
    runtime: { ...recorder.runtime, wait: async (ms) => session.advance(Math.ceil(ms / 1_000)) },
    ...(proof === undefined ? {} : { clientAuthentication: proof.make() }),
  })
  const calls: CassetteCall[] = []
  const session: Session = {
    simulator,
    user,
    signIn: {
      operation: 'acquireTokenByUsernamePassword',
      request: { username: user.username, scopes: scenario.scopes ?? scopes[side] },
    },
    async call(asked, secrets = {}) {
      const list = [asked].flat()
      const outcomes = await repeatCalls(client, list, { password: user.password, ...secrets })
      calls.push(...list.map((call, index) => ({ ...call, outcome: outcomes[index] ?? {} })))
    },
    advance(seconds) {
      clock.at += seconds
    },
  }
  await (scenario.calls ?? (({ call, signIn }) => call(signIn)))(session)
  await recorder.finish({ title, origin: 'simulator', client: about, calls })
  await client.close()
  return text
}

/** Names of the kind that real ones have: what goes by the host behaves as it does there. */
const hosts: SimulatorOptions = {
  entraHost: 'login.microsoftonline.com',
  adfsHost: 'sts.contoso.example',
  b2cHost: 'contoso.b2clogin.com',
  ciamHost: 'contoso.ciamlogin.com',
  oidcHost: 'idp.contoso.example',
}
