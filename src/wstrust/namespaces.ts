/** Namespace URIs, actions and constants of the WS-Trust sign-in. Names only: the simulator shares this file. */

export const soap12 = 'http://www.w3.org/2003/05/soap-envelope'
export const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/'
export const addressing = 'http://www.w3.org/2005/08/addressing'
export const wsdl = 'http://schemas.xmlsoap.org/wsdl/'
export const wsdlSoap12 = 'http://schemas.xmlsoap.org/wsdl/soap12/'
export const policy = 'http://schemas.xmlsoap.org/ws/2004/09/policy'
export const securityPolicy12 = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702'
export const securityPolicy11 = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy'
export const httpPolicy = 'http://schemas.microsoft.com/ws/06/2004/policy/http'
export const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
export const wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
export const saml11 = 'urn:oasis:names:tc:SAML:1.0:assertion'
export const saml20 = 'urn:oasis:names:tc:SAML:2.0:assertion'

/** The type of a password sent in clear inside TLS (UsernameToken Profile 1.0 §3.1). */
export const passwordText =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText'
export const soapHttpTransport = 'http://schemas.xmlsoap.org/soap/http'
export const anonymousAddress = 'http://www.w3.org/2005/08/addressing/anonymous'

/** WS-Trust 1.3 (OASIS) or the February 2005 draft; both are served by AD FS. */
export type WsTrustVersion = '1.3' | '2005'

/** What differs between the two versions on the wire. */
export const wsTrust: Readonly<
  Record<WsTrustVersion, { namespace: string; issueAction: string; issueType: string; bearerKeyType: string }>
> = {
  '1.3': {
    namespace: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    issueAction: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue',
    issueType: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue',
    bearerKeyType: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer',
  },
  '2005': {
    namespace: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
    issueAction: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue',
    issueType: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Issue',
    bearerKeyType: 'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey',
  },
}
