import * as ns from '../wstrust/namespaces.ts'
import { escapeXml } from './xml.ts'

const service = 'http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice'
const microsoftPolicy = 'http://schemas.microsoft.com/ws/2005/07/securitypolicy'

type Credential = 'certificate' | 'username' | 'issuedtoken' | 'windows'

interface Endpoint {
  readonly version: ns.WsTrustVersion
  readonly credential: Credential
  readonly binding: string
  readonly path: string
}

const contracts = { '2005': 'IWSTrustFeb2005Async', '1.3': 'IWSTrust13Async' } as const
const folders = { '2005': '2005', '1.3': '13' } as const
const bindingPrefixes: Readonly<Record<Credential, string>> = {
  certificate: 'CertificateWSTrustBinding',
  username: 'UserNameWSTrustBinding',
  issuedtoken: 'IssuedTokenWSTrustBinding',
  windows: 'CustomBinding',
}
const paths: Readonly<Record<Credential, string>> = {
  certificate: 'certificatemixed',
  username: 'usernamemixed',
  issuedtoken: 'issuedtokenmixedsymmetricbasic256',
  windows: 'windowstransport',
}

/** Where the farm serves certificates: AD FS keeps them off its main port, and a client must not be led there. */
const certificatePort = 49443

/**
 * Writes the metadata document of an AD FS 2019 farm: WSDL 1.1 with one policy, binding and port per endpoint, all of
 * the 2005 endpoints first, as AD FS lists them.
 *
 * @param origin The farm's own origin; every address is absolute.
 * @param offer The versions that have a `usernamemixed` endpoint.
 */
export function writeMexDocument(origin: string, offer: readonly ns.WsTrustVersion[]): string {
  const versions = ['2005', '1.3'] as const
  const credentials = ['windows', 'certificate', 'username', 'issuedtoken'] as const
  const endpoints = versions.flatMap((version) =>
    credentials
      .filter((credential) => credential !== 'username' || offer.includes(version))
      .map((credential) => endpointOf(version, credential)),
  )
  return (
    `<?xml version="1.0" encoding="utf-8"?><wsdl:definitions name="SecurityTokenService" targetNamespace="${service}"` +
    ` xmlns:wsdl="${ns.wsdl}" xmlns:wsp="${ns.policy}" xmlns:wsu="${ns.wsu}" xmlns:soap12="${ns.wsdlSoap12}"` +
    ` xmlns:wsa10="${ns.addressing}" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"` +
    ` xmlns:tns="${service}" xmlns:trust="${ns.wsTrust['1.3'].namespace}" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
    endpoints.map(policyOf).join('') +
    versions.map(portTypeOf).join('') +
    endpoints.map(bindingOf).join('') +
    `<wsdl:service name="SecurityTokenService">${endpoints.map((endpoint) => portOf(endpoint, origin)).join('')}</wsdl:service>` +
    '</wsdl:definitions>'
  )
}

function endpointOf(version: ns.WsTrustVersion, credential: Credential): Endpoint {
  return {
    version,
    credential,
    binding: `${bindingPrefixes[credential]}_${contracts[version]}`,
    path: `/adfs/services/trust/${folders[version]}/${paths[credential]}`,
  }
}

function policyOf(endpoint: Endpoint): string {
  const sp = endpoint.version === '1.3' ? ns.securityPolicy12 : ns.securityPolicy11
  const assertions =
    endpoint.credential === 'windows'
      ? `<http:NegotiateAuthentication xmlns:http="${ns.httpPolicy}"/>${transportBinding(endpoint, sp)}`
      : transportBinding(endpoint, sp) + supportingTokens(endpoint, sp) + trustOptions(endpoint, sp)
  return (
    `<wsp:Policy wsu:Id="${endpoint.binding}_policy"><wsp:ExactlyOne><wsp:All>${assertions}` +
    '<wsaw:UsingAddressing/></wsp:All></wsp:ExactlyOne></wsp:Policy>'
  )
}

function transportBinding({ version, credential }: Endpoint, sp: string): string {
  const withCertificate = String(credential === 'certificate')
  const httpsToken =
    version === '1.3'
      ? `<sp:HttpsToken><wsp:Policy>${withCertificate === 'true' ? '<sp:RequireClientCertificate/>' : ''}</wsp:Policy></sp:HttpsToken>`
      : `<sp:HttpsToken RequireClientCertificate="${withCertificate}"/>`
  return (
    `<sp:TransportBinding xmlns:sp="${sp}"><wsp:Policy>` +
    `<sp:TransportToken><wsp:Policy>${httpsToken}</wsp:Policy></sp:TransportToken>` +
    '<sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>' +
    '<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout>' +
    `${credential === 'windows' ? '' : '<sp:IncludeTimestamp/>'}</wsp:Policy></sp:TransportBinding>`
  )
}

function supportingTokens({ version, credential }: Endpoint, sp: string): string {
  const include = `sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"`
  const wrap = (name: string, token: string): string =>
    `<sp:${name} xmlns:sp="${sp}"><wsp:Policy>${token}</wsp:Policy></sp:${name}>`
  if (credential === 'username') {
    // AD FS asks for an encrypted token in the 1.2 dialect only; the transport provides the encryption in both.
    return wrap(
      version === '1.3' ? 'SignedEncryptedSupportingTokens' : 'SignedSupportingTokens',
      `<sp:UsernameToken ${include}><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken>`,
    )
  }
  if (credential === 'certificate') {
    return wrap(
      'EndorsingSupportingTokens',
      `<sp:X509Token ${include}><wsp:Policy><sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>`,
    )
  }
  return wrap(
    'EndorsingSupportingTokens',
    `<sp:IssuedToken ${include}><sp:RequestSecurityTokenTemplate/><wsp:Policy><sp:RequireInternalReference/></wsp:Policy></sp:IssuedToken>`,
  )
}

function trustOptions({ version }: Endpoint, sp: string): string {
  const trust = version === '1.3' ? 'Trust13' : 'Trust10'
  const rsaToken =
    version === '1.3'
      ? `<sp:KeyValueToken sp:IncludeToken="${sp}/IncludeToken/Never" wsp:Optional="true"/>`
      : `<mssp:RsaToken sp:IncludeToken="${sp}/IncludeToken/Never" wsp:Optional="true" xmlns:mssp="${microsoftPolicy}"/>`
  return (
    `<sp:EndorsingSupportingTokens xmlns:sp="${sp}"><wsp:Policy>${rsaToken}` +
    `<sp:SignedParts><sp:Header Name="To" Namespace="${ns.addressing}"/></sp:SignedParts></wsp:Policy></sp:EndorsingSupportingTokens>` +
    `<sp:Wss11 xmlns:sp="${sp}"><wsp:Policy><sp:MustSupportRefThumbprint/></wsp:Policy></sp:Wss11>` +
    `<sp:${trust} xmlns:sp="${sp}"><wsp:Policy><sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/><sp:RequireServerEntropy/></wsp:Policy></sp:${trust}>`
  )
}

function portTypeOf(version: ns.WsTrustVersion): string {
  const contract = contracts[version]
  const { namespace, issueAction } = ns.wsTrust[version]
  const message = (direction: string): string =>
    `<wsdl:message name="${contract}_Trust${folders[version]}IssueAsync_${direction}Message"><wsdl:part name="${direction === 'Input' ? 'request' : 'result'}" type="xsd:anyType"/></wsdl:message>`
  return (
    message('Input') +
    message('Output') +
    `<wsdl:portType name="${contract}"><wsdl:operation name="Trust${folders[version]}IssueAsync">` +
    `<wsdl:input wsaw:Action="${issueAction}" message="tns:${contract}_Trust${folders[version]}IssueAsync_InputMessage"/>` +
    `<wsdl:output wsaw:Action="${namespace}/RSTR/Issue" message="tns:${contract}_Trust${folders[version]}IssueAsync_OutputMessage"/>` +
    '</wsdl:operation></wsdl:portType>'
  )
}

function bindingOf({ binding, version }: Endpoint): string {
  return (
    `<wsdl:binding name="${binding}" type="tns:${contracts[version]}">` +
    `<wsp:PolicyReference URI="#${binding}_policy"/><soap12:binding transport="${ns.soapHttpTransport}"/>` +
    `<wsdl:operation name="Trust${folders[version]}IssueAsync">` +
    `<soap12:operation soapAction="${ns.wsTrust[version].issueAction}" style="document"/>` +
    '<wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output>' +
    '</wsdl:operation></wsdl:binding>'
  )
}

function portOf({ binding, path, credential }: Endpoint, origin: string): string {
  const address = escapeXml(`${credential === 'certificate' ? onCertificatePort(origin) : origin}${path}`)
  return (
    `<wsdl:port name="${binding}" binding="tns:${binding}"><soap12:address location="${address}"/>` +
    `<wsa10:EndpointReference><wsa10:Address>${address}</wsa10:Address></wsa10:EndpointReference></wsdl:port>`
  )
}

function onCertificatePort(origin: string): string {
  const url = new URL(origin)
  url.port = String(certificatePort)
  return url.origin
}
