import type { Cassette } from '../../src/cassette/cassette.ts'
import { type Recorder, type RecordOptions, recordTransport } from '../../src/cassette/record.ts'
import type { Replay } from '../../src/cassette/replay.ts'
import { createRopcClient } from '../../src/client/client.ts'
import type { ClientOptions } from '../../src/client/options.ts'
import type { RopcClient } from '../../src/client/ropc-client.ts'
import type { Transport } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

export const ada = { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é' } as const
export const fred = { username: 'fred@fed.contoso.example', password: `S3cret+&=<>%"'` } as const
export const scopes: readonly string[] = ['User.Read']

/** The simulator under the name of a known cloud. */
export function simulatorOfCloud(options: SimulatorOptions = {}): Promise<Simulator> {
  return createSimulator({ entraHost: 'login.microsoftonline.com', adfsHost: 'sts.contoso.example', ...options })
}

/** A clock that a second passes on with each reading, and ids in order. */
export function countingRuntime(): { now: () => number; newId: () => string } {
  let at = 1_900_000_000
  let id = 0
  return { now: () => at++, newId: () => `aaaaaaaa-0000-4000-8000-${String(++id).padStart(12, '0')}` }
}

export interface Recording {
  readonly recorder: Recorder
  readonly client: RopcClient
  /** Ends the recording. */
  finish(): Promise<{ readonly cassette: Cassette; readonly text: string }>
}

/** A client that is recorded. */
export function record(
  simulator: Simulator,
  username: string,
  { inner = simulator.send, ...options }: RecordOptions & { inner?: Transport } = {},
  clientOptions: Partial<ClientOptions> = {},
): Recording {
  let text = ''
  const recorder = recordTransport(
    inner,
    (_, written) => {
      text = written
    },
    options,
  )
  const own = { authority: simulator.authority, clientId: simulator.clientId }
  const client = createRopcClient({ ...own, transport: recorder, runtime: recorder.runtime, ...clientOptions })
  return {
    recorder,
    client,
    async finish() {
      const cassette = await recorder.finish({ origin: 'simulator', client: { ...own, username } })
      return { cassette, text }
    },
  }
}

/** A client on a replay, for the names in the cassette. */
export function clientOf(replay: Replay, options: Partial<ClientOptions> = {}): RopcClient {
  const { authority = '', clientId = '' } = replay.cassette.client ?? {}
  return createRopcClient({ authority, clientId, transport: replay, runtime: replay.runtime, ...options })
}

/** What `acquireTokenByUsernamePassword` takes; the password of a replay may be any. */
export function ask(
  username: string,
  password = 'whatever it is',
): {
  username: string
  password: Secret
  scopes: readonly string[]
} {
  return { username, password: new Secret(password), scopes }
}
