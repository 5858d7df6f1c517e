import type { MexDocument, WsTrustEndpoint } from '../../wstrust/mex-document.ts'
import { exitCode } from '../exit-code.ts'
import { type Check, fail, pass, skip, warn } from './check.ts'

/** Shows everything that a MEX document offers, each with why it can or cannot take a password. */
export function describeMex(mex: MexDocument, chosen: WsTrustEndpoint): Check {
  const usable = mex.candidates.filter(({ verdict }) => verdict.ok).length
  const detail = `WS-Trust ${chosen.version} at ${chosen.url}; ${usable} of ${mex.candidates.length} take a password`
  return pass('mex', 'MEX document', detail, listCandidates(mex, chosen))
}

export function listCandidates({ candidates }: MexDocument, chosen?: WsTrustEndpoint): readonly Check[] {
  return candidates.slice(0, 60).map(({ url, port, binding, policy, version, verdict }, index) => {
    const id = `mex.${index + 1}`
    const label = url ?? port ?? binding ?? policy ?? 'unnamed'
    const spoken = version === undefined ? '' : `WS-Trust ${version}: `
    if (!verdict.ok)
      return skip(id, label, `${spoken}not for a password: ${verdict.evidence ?? verdict.rule} (${verdict.rule})`)
    const isChosen = url === chosen?.url && version === chosen?.version
    return pass(id, label, `${spoken}takes a password${isChosen ? ', chosen' : ''}`)
  })
}

/** The endpoint is on a host that nobody vouches for. @param hosts Those of the realm answer. */
export function refuseEndpointHost(mex: MexDocument, chosen: WsTrustEndpoint, hosts: readonly string[]): Check {
  const { host } = new URL(chosen.url)
  const detail = `the WS-Trust endpoint is on ${host}, which the realm answer does not name (it names ${hosts.join(', ')})`
  const hint = `If that host may get the password, programs name it: federationHosts: ['${host}']. Better let the federation server publish its endpoint on its own host, port 443.`
  return fail('mex', 'MEX document', { detail, hint, exit: exitCode.protocol }, listCandidates(mex, chosen))
}

/** The document could not be had, and the endpoint that Entra has on file stands in. */
export function describeMexFallback(why: string, endpoint: WsTrustEndpoint): Check {
  const detail = `${why}: the endpoint that Entra has on file is used, WS-Trust ${endpoint.version} at ${endpoint.url}`
  const hint =
    'Let the federation server publish its metadata (AD FS: /adfs/services/trust/mex); the endpoint may be an old one.'
  return warn('mex', 'MEX document', detail, hint)
}
