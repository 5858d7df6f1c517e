import { classifyHost } from '../protocol/address.ts'
import { findCloud } from '../protocol/clouds.ts'
import { isProtocolWord } from './known-names.ts'

// What of a text names somebody, and what is the same for everybody.

/** Ids that name a service: resources of Microsoft, the tenants of personal accounts, no id at all. */
const publicIds: ReadonlySet<string> = new Set([
  '00000000-0000-0000-0000-000000000000',
  '00000003-0000-0000-c000-000000000000', // Microsoft Graph
  '00000002-0000-0000-c000-000000000000', // Azure AD Graph
  '00000002-0000-0ff1-ce00-000000000000', // Exchange Online
  '00000003-0000-0ff1-ce00-000000000000', // SharePoint Online
  '797f4846-ba00-4fd7-ba43-dac1f8f63013', // Azure Resource Manager
  'cfa8b339-82a2-471a-a3c9-0fc0be7a4093', // Key Vault
  'e406a681-f3d4-42a8-90b6-c2b029497af1', // Storage
  '022907d3-0f1b-48f7-badc-1ba6abab6d66', // SQL Database
  '499b84ac-1321-427f-aa17-267ca6975798', // Azure DevOps
  '9188040d-6c67-4c5b-b112-36a304b66dad',
  'f8cdef31-a31e-4b4a-93e4-5f571e91255a',
])

export function isPublicId(id: string): boolean {
  return publicIds.has(id.toLowerCase())
}

/** Domains below which no tenant has names: of services, and of documents that names of standards are made of. */
const publicDomains =
  /(^|\.)(microsoft\.(com|us)|microsoftonline(-p)?\.(com|us|cn|de)|live\.com|office(365)?\.com|outlook\.com|aka\.ms|oasis-open\.org|xmlsoap\.org|w3\.org|ietf\.org|rfc-editor\.org|openid\.net)$/
const publicHosts: ReadonlySet<string> = new Set([
  ...[
    'graph.windows.net',
    'pas.windows.net',
    'management.core.windows.net',
    'database.windows.net',
    'storage.azure.com',
  ],
  ...[
    'management.azure.com',
    'portal.azure.com',
    'vault.azure.net',
    'cognitiveservices.azure.com',
    'ossrdbms-aad.database.windows.net',
  ],
  ...['graph.chinacloudapi.cn', 'management.chinacloudapi.cn', 'microsoftgraph.chinacloudapi.cn'],
  ...['management.usgovcloudapi.net', 'graph.microsoftazure.us', 'withheld.invalid'],
])

/** Whether a host is the same for everybody: a cloud's, a standard's, loopback, or a literal address, which is looked at as such. */
export function isPublicHost(host: string): boolean {
  const lower = host.toLowerCase()
  return (
    findCloud(lower) !== undefined ||
    publicDomains.test(lower) ||
    publicHosts.has(lower) ||
    classifyHost(lower) !== 'name'
  )
}

/** Whether the path of a URL at this host may begin with the domain of a tenant: at a cloud's, or at one that is nobody's known. */
export function mayNameTenants(host: string): boolean {
  return findCloud(host) !== undefined || !isPublicHost(host)
}

/** Hosts whose first label is the name of a tenant, and whose others say what kind of service it is. */
const tenantHost =
  /^([\p{L}\p{N}-]+)\.((?:onmicrosoft\.(?:com|us|de)|partner\.onmschina\.cn|b2clogin\.com|ciamlogin\.com|sharepoint\.(?:com|us|cn)|vault\.azure\.net|azurewebsites\.net))$/iu

/** Splits `contoso.onmicrosoft.com` into what the tenant chose and what it did not. */
export function splitTenantHost(host: string): readonly [label: string, service: string] | undefined {
  const [, label, service] = tenantHost.exec(host) ?? []
  return label === undefined || service === undefined ? undefined : [label, service.toLowerCase()]
}

/** Names of claims that hold the name of a person. */
export const personNames: ReadonlySet<string> = new Set([
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname'],
  ...['givenname', 'surname', 'displayname', 'commonname'],
])
/** Of claims that hold a mail address. */
export const mailNames: ReadonlySet<string> = new Set([
  'email',
  'emails',
  'mail',
  'emailaddress',
  'verified_primary_email',
])
/** Of members that hold a user name, which may be none of the form `ada@contoso.example`. */
export const userNames: ReadonlySet<string> = new Set([
  ...['username', 'Username', 'upn', 'UPN', 'unique_name', 'preferred_username', 'login_hint', 'windowsaccountname'],
])
/** Of members that hold the name of an organisation, or of its application. */
export const organisationNames: ReadonlySet<string> = new Set([
  ...['federation_brand_name', 'FederationBrandName', 'app_displayname'],
])
/** Of members that hold an id that has no form of its own. */
export const idNames: ReadonlySet<string> = new Set([
  ...['sub', 'puid', 'uti', 'sid', 'jti', 'uid', 'nameid', 'nameidentifier', 'immutableid', 'onprem_sid', 'primarysid'],
  ...[
    'NameID',
    'NameIdentifier',
    'KeyIdentifier',
    'AssertionID',
    'ID',
    'SessionIndex',
    'InResponseTo',
    'MessageID',
    'RelatesTo',
  ],
  ...['kid', 'x5t', 'x5t#S256', 'x-ms-request-id', 'client-request-id', 'trace_id', 'correlation_id'],
  ...[
    'traceId',
    'correlationId',
    'requestId',
    'groups',
    'group',
    'roles',
    'role',
    'NameQualifier',
    'SPNameQualifier',
    'FriendlyName',
    'homeAccountId',
    'localAccountId',
    'home_account_id',
    'local_account_id',
  ],
])
/** Of elements that hold words of whoever runs the server, or a distinguished name, which looks like a form. */
export const describingNames: ReadonlySet<string> = new Set(['documentation', 'X509SubjectName', 'X509IssuerName'])
/** Of members that hold a domain of a tenant. */
export const domainNames: ReadonlySet<string> = new Set([
  'domain_name',
  'domainName',
  'DomainName',
  'domain',
  'tenant',
  'domain_hint',
  'Dns',
])

/**
 * How Entra's error texts name a tenant or an application by the name it chose: `in the Contoso directory` (AADSTS50034),
 * `directory 'Contoso'` (700016), `tenant 'Contoso'` (50020), `named 'Payroll'` (65001), `(Payroll)` behind an id (50105),
 * `organization "Contoso"` (650052), `tenant named Contoso.` (500011).
 */
export const namedPatterns: readonly RegExp[] = [
  /\bin the ((?:(?! in the )[^'"\r\n]){2,80}?) directory\b/g,
  // An apostrophe before a letter is in the name.
  /\b(?:directory|tenant|named|application|identifier|organization|user|group|account|policy) '((?:[^'\r\n]|'(?=\p{L})){2,80})'(?!\w)/giu,
  /\b(?:directory|tenant|named|application|service|organization) \(?"([^"\r\n]{2,80})"/gi,
  /\btenant named ([^\s'"][^'"\r\n]{0,78}?)(?=\.(?:\s+[A-Z]|\s*$))/g,
  /[0-9a-f]{12}'? ?\(([^()\r\n]{2,80})\)/gi,
]

// Each begins only where a run of its characters does: the whole text is read once, however long it is.
export const userPattern: RegExp =
  /(?<![\p{L}\p{N}_.'!#^~+-])[\p{L}\p{N}_.'!#^~+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu
export const hostPattern: RegExp = /(?<![\p{L}\p{N}.-])[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?![\p{L}\p{N}-])/gu
export const urlPattern: RegExp = /\bhttps?:\/\/([\p{L}\p{N}.-]+)(?::\d+)?((?:\/[^\s"'<>?#/]*){0,2})/giu
export const guidPattern: RegExp =
  /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/gi
/** A GUID without its hyphens, and thumbprints by SHA-1 and SHA-256. */
export const hexPattern: RegExp = /(?<![\p{L}\p{N}])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\p{L}\p{N}])/giu
/** Of accounts; those of groups that every Windows has are shorter. */
export const sidPattern: RegExp = /\bS-1-(?:5-21|12-1)(?:-\d{1,10}){4,5}\b/g
export const ipv4Pattern: RegExp = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]|-\d)/g
export const ipv6Pattern: RegExp = /(?<![\p{L}\p{N}:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\p{L}\p{N}:.])/giu
export const appPattern: RegExp = /\bapi:\/\/([\p{L}\p{N}_.-]+)/giu

/** Whether a path's segment can only be a domain: not a version, not a file. */
export function isDomainSegment(segment: string): boolean {
  return (
    /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}$/iu.test(segment) &&
    !/\.(xml|xsd|wsdl|pdf|srf|json|html?|aspx?|asmx|svc|php|js)$/i.test(segment)
  )
}

// Domains are made of words that stand in any text, and in the names of permissions.
const commonWords: ReadonlySet<string> = new Set(
  (
    'access account accounts admin application apps auth authority azure client cloud company corp customer customers data demo dev ' +
    'directory domain email enterprise error example external federation file files global group hello host home identity idp ' +
    'internal invalid lab local localhost mail main message network office online online partner people portal prod public read ' +
    'school server service services sign simulator site software staff student students support system team teams tech tenant test ' +
    'testing user users with work world'
  ).split(' '),
)

/** The word of a domain that people know its owner by, where it is no word of everybody's. */
export function ownLabel(domain: string): string | undefined {
  const label = domain
    .split('.')
    .slice(0, -1)
    .findLast((part) => part.length >= 4)
    ?.toLowerCase()
  return label === undefined || commonWords.has(label) || isProtocolWord(label) ? undefined : label
}
