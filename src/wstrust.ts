export type { SamlAssertion } from './protocol/saml-assertion.ts'
export {
  buildMexRequest,
  chooseWsTrustEndpoint,
  type MexCandidate,
  type MexDocument,
  parseMexDocument,
  type WsTrustEndpoint,
  wsTrustEndpointFromActiveAuthUrl,
} from './wstrust/mex-document.ts'
export type { WsTrustVersion } from './wstrust/namespaces.ts'
export { buildSecurityTokenRequest, type SecurityTokenRequest } from './wstrust/security-token-request.ts'
export { parseSecurityTokenResponse } from './wstrust/security-token-response.ts'
export type { SoapFault } from './wstrust/soap-fault.ts'
