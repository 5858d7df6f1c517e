export type { AdfsClient, FarmLevel } from './simulator/adfs-clients.ts'
export type { ClientAuthenticationMethod } from './simulator/client-credentials.ts'
export type { JournalEntry, RequestKind, SimulatorRequest } from './simulator/journal.ts'
export type { ListenOptions } from './simulator/listen.ts'
export {
  createSimulator,
  type FaultHook,
  type RunningSimulator,
  type Simulator,
  type SimulatorOptions,
} from './simulator/simulator.ts'
export {
  type App,
  type DemoUser,
  type Domain,
  demoWorld,
  type Farm,
  type Refusal,
  type Resource,
  type Tenant,
  type User,
  type World,
} from './simulator/world.ts'
