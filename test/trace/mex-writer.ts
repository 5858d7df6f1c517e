import * as ns from '../../src/wstrust/namespaces.ts'

/** One username endpoint of a MEX document, with whatever is to be odd about it. */
export interface WrittenEndpoint {
  readonly name?: string
  /** The dialect of its policy, and the Issue action unless said otherwise. */
  readonly version?: ns.WsTrustVersion
  /** Every operation's action; `''` for an operation without one, none for no operation. */
  readonly actions?: readonly string[]
  readonly transport?: string
  readonly soapBinding?: string
  /** The policies the binding names; default: its own. */
  readonly references?: readonly string[]
  readonly transportBinding?: string
  /** The attribute with the policy's id. */
  readonly id?: string
  /** `null` for a port without an address. */
  readonly address?: string | null
  readonly prefix?: string
  /** Put more ports on the binding. */
  readonly moreAddresses?: readonly string[]
}

/** The dialects of WS-SecurityPolicy, by the version of WS-Trust that AD FS uses them with. */
export const securityPolicy = { '1.3': ns.securityPolicy12, '2005': ns.securityPolicy11 } as const
export const trust = 'https://sts.contoso.example/adfs/services/trust'
export const transportBinding = (uri: string): string =>
  `<sp:TransportBinding xmlns:sp="${uri}"><wsp:Policy/></sp:TransportBinding>`

/** A small MEX document: policies, bindings and ports in the order of the endpoints, and what is added to each. */
export function writeMex(
  endpoints: readonly WrittenEndpoint[],
  added: {
    readonly policy?: string
    readonly binding?: string
    readonly port?: string
    readonly services?: boolean
  } = {},
): string {
  const all = endpoints.map((endpoint, index) => ({ name: `E${index}`, version: '1.3' as const, ...endpoint }))
  const ports = all.map(portsOf)
  const services = added.services === true ? ports : [ports.join('') + (added.port ?? '')]
  return (
    `<wsdl:definitions xmlns:wsdl="${ns.wsdl}" xmlns:wsp="${ns.policy}" xmlns:wsu="${ns.wsu}"` +
    ` xmlns:soap12="${ns.wsdlSoap12}" xmlns:wsa10="${ns.addressing}" xmlns:tns="urn:contoso">` +
    `${all.map(policyOf).join('')}${added.policy ?? ''}${all.map(bindingOf).join('')}${added.binding ?? ''}` +
    `${services.map((text) => `<wsdl:service>${text}</wsdl:service>`).join('')}</wsdl:definitions>`
  )
}

type Named = WrittenEndpoint & { readonly name: string; readonly version: ns.WsTrustVersion }

function policyOf({ name, version, id = `wsu:Id="${name}_policy"`, transportBinding: transport }: Named): string {
  const uri = securityPolicy[version]
  const tokens = version === '1.3' ? 'SignedEncryptedSupportingTokens' : 'SignedSupportingTokens'
  return (
    `<wsp:Policy ${id}><wsp:ExactlyOne><wsp:All>${transport ?? transportBinding(uri)}<sp:${tokens} xmlns:sp="${uri}"><wsp:Policy>` +
    '<sp:UsernameToken><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken>' +
    `</wsp:Policy></sp:${tokens}></wsp:All></wsp:ExactlyOne></wsp:Policy>`
  )
}

function bindingOf(endpoint: Named): string {
  const { name, references = [`#${name}_policy`], transport = ns.soapHttpTransport } = endpoint
  const { actions = [ns.wsTrust[endpoint.version].issueAction], soapBinding } = endpoint
  const operations = actions.map((action) => (action === '' ? '' : `soapAction="${action}"`))
  return (
    `<wsdl:binding name="${name}">${references.map((uri) => `<wsp:PolicyReference URI="${uri}"/>`).join('')}` +
    (soapBinding ?? `<soap12:binding transport="${transport}"/>`) +
    `${operations.map((attribute) => `<wsdl:operation><soap12:operation ${attribute}/></wsdl:operation>`).join('')}</wsdl:binding>`
  )
}

function portsOf({ name, version, address, prefix = 'tns:', moreAddresses = [] }: Named): string {
  const usual = `${trust}/${version === '1.3' ? '13' : '2005'}/usernamemixed`
  return [address === undefined ? usual : address, ...moreAddresses]
    .map((text) =>
      text === null ? '' : `<wsa10:EndpointReference><wsa10:Address>${text}</wsa10:Address></wsa10:EndpointReference>`,
    )
    .map((reference) => `<wsdl:port binding="${prefix}${name}">${reference}</wsdl:port>`)
    .join('')
}
