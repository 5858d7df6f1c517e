import { namesOfPeople } from './known-names.ts'

const list = (names: string): readonly string[] => names.trim().split(/\s+/)

/** Elements whose text is shown, or is a secret, by local name; any other text is not shown. */
export const elementRules: ReadonlyMap<string, 'value' | 'words' | 'secret'> = new Map([
  ...list(`Action MessageID RelatesTo To Address Created Expires Username TokenType KeyType RequestType Issuer Audience NameID
    NameIdentifier ConfirmationMethod AuthnContextClassRef AuthnContextDeclRef AuthenticatingAuthority Value value faultcode
    faultactor Role Node KeyIdentifier CanonicalizationAlgorithm SignatureAlgorithm EncryptionAlgorithm KeySize`).map(
    (name) => [name, 'value'] as const,
  ),
  ...list('Text text faultstring internalerror code').map((name) => [name, 'words'] as const),
  // What is left of a signature without these verifies nothing.
  ...list(`Password SignatureValue DigestValue X509Certificate X509CRL X509SKI CipherValue Modulus Exponent BinarySecret
    BinarySecurityToken Nonce`).map((name) => [name, 'secret'] as const),
])

const attributes: ReadonlySet<string> = new Set(
  list(`MajorVersion MinorVersion Version AssertionID ID Id Issuer IssueInstant NotBefore NotOnOrAfter Recipient InResponseTo Format
    NameQualifier SPNameQualifier SPProvidedID Method AttributeName AttributeNamespace Name NameFormat FriendlyName OriginalIssuer
    AuthenticationMethod AuthenticationInstant AuthnInstant SessionIndex SessionNotOnOrAfter Algorithm URI Type type TokenType
    ValueType EncodingType mustUnderstand lang PrefixList Context actor role relay encodingStyle`),
)

/** Whether the value of an XML attribute is shown. */
export function isShownAttribute(local: string): boolean {
  return attributes.has(local)
}

const statements: ReadonlySet<string> = new Set([
  ...namesOfPeople,
  ...list(`upn immutableid nameidentifier implicitupn windowsaccountname primarysid role groups groupsid insidecorporatenetwork
    authenticationmethod authnmethodsreferences authenticationinstant`),
])

/** Whether the value of a SAML attribute is shown, by its name: `http://schemas.xmlsoap.org/claims/UPN`. */
export function isShownStatement(name: string): boolean {
  return statements.has(name.split('/').at(-1)?.toLowerCase() ?? '')
}
