export type { AdfsClient, FarmLevel } from './simulator/adfs-clients.ts'
export type { B2cApi, B2cApp, B2cDirectory, B2cPolicy, B2cUser } from './simulator/b2c-directory.ts'
export type { CertificateDefect } from './simulator/certificates.ts'
export type { CiamDirectory } from './simulator/ciam-directory.ts'
export type { ClientAuthenticationMethod } from './simulator/client-credentials.ts'
export type { DemoApp, DemoUser } from './simulator/demo-list.ts'
export { type ExpectedRequest, expectCredentialsSentTo, expectJournal } from './simulator/expect-journal.ts'
export type { FaultHook, InjectedFault, Injection } from './simulator/injection.ts'
export type { JournalEntry, RequestKind, SimulatorRequest } from './simulator/journal.ts'
export type { ListenOptions, Side } from './simulator/listen.ts'
export type { OidcClient, OidcIssuer, OidcQuirks, OidcUser } from './simulator/oidc-issuer.ts'
export {
  createSimulator,
  type RunningSimulator,
  type Simulator,
  type SimulatorOptions,
  type SimulatorRuntime,
} from './simulator/simulator.ts'
export {
  type App,
  type Domain,
  demoWorld,
  type Farm,
  type FurtherFarm,
  type Refusal,
  type Resource,
  type Tenant,
  type User,
  type World,
} from './simulator/world.ts'
