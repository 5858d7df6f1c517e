import type { Candidate } from '../client/events.ts'
import { type MexCandidate, parseMexDocument } from '../wstrust/mex-document.ts'
import type { Hop } from './runs.ts'

/** What the MEX document of an answer offers, each with its verdict. Empty where the trace does not hold the document. */
export function readMexCandidates(
  hop: Hop,
): readonly (Candidate & Pick<MexCandidate, 'policy' | 'binding' | 'port'>)[] {
  const { status, body, headers } = hop.response?.message ?? { status: 0, body: '', headers: {} }
  if (status !== 200 || !body.trimStart().startsWith('<')) return []
  try {
    return parseMexDocument({ status, headers, body }).candidates.map(({ verdict, ...names }) => ({
      label: [names.port, names.binding, names.policy].find((name) => name !== undefined) ?? 'a part without a name',
      ...names,
      ...verdict,
    }))
  } catch {
    return []
  }
}
