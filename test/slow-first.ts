import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest, most of it waiting. Begun last, it would leave the other workers idle at the end. */
const slow = [
  'faults/matrix',
  'cli/live',
  'flows/silent-renewal',
  'wstrust/xml',
  'flows/secrecy',
  'protocol/secrecy',
  'redact/exchanges',
  'flows/numbers-are-advice',
  'wstrust/security-token-request',
]

/** Vitest's own order, by duration where it remembers one and else by size, behind the files that are known to be slow. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = slow.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return place === -1 ? slow.length : place
    }
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}
