import { faults } from './faults.ts'
import { refusals } from './refusals.ts'
import type { Scenario } from './scenario.ts'
import { signIns } from './sign-ins.ts'

/** The catalogue, in the order in which it is listed. */
export const catalogue: readonly { readonly heading: string; readonly scenarios: readonly Scenario[] }[] = [
  { heading: 'Sign-ins', scenarios: signIns },
  { heading: 'Refusals', scenarios: refusals },
  { heading: 'Faults of networks, servers and documents', scenarios: faults },
]

export const scenarios: readonly Scenario[] = catalogue.flatMap((group) => group.scenarios)
