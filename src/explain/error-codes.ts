import { adfsEvents } from '../protocol/where-to-look.ts'

/** The classes of `errors.ts` by name: a class says whose fault an error is, and so how the command ends. */
export type ErrorClass =
  | 'InvalidArgumentError'
  | 'TransportError'
  | 'ProtocolError'
  | 'DeniedError'
  | 'TokenEndpointError'
  | 'SoapFaultError'
  | 'ThrottledError'
  | 'InteractionRequiredError'
  | 'UnsupportedError'
  | 'CacheError'

export interface ErrorClassFacts {
  /** Completes "the fault lies with …". */
  readonly fault: string
  /** Of the command `ropc`. */
  readonly exitCode: number
}

export const errorClasses: Readonly<Record<ErrorClass, ErrorClassFacts>> = {
  InvalidArgumentError: { fault: 'the caller; nothing was sent', exitCode: 2 },
  TransportError: { fault: 'the network, or the connection to the peer', exitCode: 4 },
  ProtocolError: { fault: 'the peer, or what stands between: it broke the rules of the protocol', exitCode: 5 },
  DeniedError: { fault: 'what was asked: the server kept the rules and said no', exitCode: 3 },
  TokenEndpointError: { fault: 'what was asked: the token endpoint kept the rules and said no', exitCode: 3 },
  SoapFaultError: { fault: 'what was asked: the federation server kept the rules and said no', exitCode: 3 },
  ThrottledError: { fault: 'too many calls: wait until `retryAt`', exitCode: 3 },
  InteractionRequiredError: {
    fault: 'nobody: this grant does not have what the server, or a silent call, needs',
    exitCode: 8,
  },
  UnsupportedError: {
    fault: 'nobody: this grant, or this package, cannot do it whatever the credentials',
    exitCode: 6,
  },
  CacheError: { fault: 'the token store', exitCode: 7 },
}

/** One `code` of this package's errors. */
export interface ErrorCode {
  /** Which class carries it; where several do, the usual one first. */
  readonly classes: readonly [ErrorClass, ...ErrorClass[]]
  /** What happened, in one sentence without a full stop. */
  readonly meaning: string
  /** What to change; whole sentences. */
  readonly remedy: string
  /** These only where they are not those of the class. */
  readonly fault?: string
  readonly exitCode?: number
}

/** Every `code` that an error of this package can have. */
export const errorCodes: Readonly<Record<string, ErrorCode>> = {
  ERR_INVALID_ARGUMENT: {
    classes: ['InvalidArgumentError'],
    meaning: 'An option or argument cannot work, for instance an empty user name or an authority that is no https URL',
    remedy: 'The message names the argument, the hint what it must look like.',
  },
  ERR_AMBIGUOUS_ACCOUNT: {
    classes: ['InvalidArgumentError'],
    meaning: 'Several signed-in accounts match the account of a silent call',
    remedy: 'Pass one of the accounts that getAccounts() returns, or its homeAccountId.',
  },
  ERR_UNKNOWN_AUTHORITY: {
    classes: ['InvalidArgumentError'],
    meaning: 'Entra says that the host of the authority is not one of its own',
    remedy:
      'Check the host for typing errors. If it is the right one, list it in knownAuthorities, or set instanceDiscovery: false.',
  },
  ERR_CASSETTE_INVALID: {
    classes: ['InvalidArgumentError'],
    meaning: 'What was to be replayed is no cassette, or none of this version',
    remedy: 'The message says where. A cassette is what recordTransport or "ropc token --record DIR" wrote.',
  },
  ERR_CASSETTE_MISMATCH: {
    classes: ['InvalidArgumentError'],
    meaning: 'A program asked for something that its cassette does not hold, or did not ask for all that it holds',
    remedy:
      'The diff of the error shows what was recorded and what was asked. Give the client the runtime of the replay too; if the program is right, record anew.',
    fault: 'the program under test, or a cassette that is too old for it; nothing was sent',
  },
  ERR_CASSETTE_LEAK: {
    classes: ['InvalidArgumentError'],
    meaning: 'A cassette was not kept, since it would have shown a secret, a name or an id of the recording',
    remedy:
      'A server put it where nobody expects it: record against another tenant, or report which request it was. Texts of your own to look for go into the option forbidden.',
    fault: 'the server, which repeats what it should not, or this package, which did not see it',
  },
  ERR_TRANSPORT_TIMEOUT: {
    classes: ['TransportError'],
    meaning: 'A deadline passed: of connecting, of waiting for headers or body, or of the whole call',
    remedy:
      'Check the network, the firewall and the proxy between here and the host of the message; "ropc doctor UPN" tries each of them. A longer timeoutMs (--timeout) helps only if the host is slow.',
  },
  ERR_TRANSPORT_ABORTED: {
    classes: ['TransportError'],
    meaning:
      'The caller stopped the call: its AbortSignal, Ctrl-C, or the client was closed; the error’s name is AbortError',
    remedy: 'Nothing is wrong if that was meant. The reason of the signal is the cause of the error.',
    fault: 'nobody: the caller wanted it',
    exitCode: 130,
  },
  ERR_TRANSPORT_UNREACHABLE: {
    classes: ['TransportError'],
    meaning:
      'No message could be exchanged with the host: the name does not resolve, nothing listens, or the connection broke',
    remedy:
      'The code in the message says which: ENOTFOUND is DNS, ECONNREFUSED the port, ECONNRESET a firewall or proxy. Where a proxy is needed, pass proxy: "env" (--proxy env) or its URL. "ropc doctor UPN" tries each host.',
  },
  ERR_TRANSPORT_TLS: {
    classes: ['TransportError'],
    meaning: 'No TLS connection that can be trusted: unknown CA, expired certificate, wrong name, or no TLS 1.2',
    remedy:
      'If the certificate is of your own CA or of a proxy that opens TLS, pass the CA’s PEM as ca (--ca FILE) or in NODE_EXTRA_CA_CERTS. Verification cannot be turned off.',
  },
  ERR_TRANSPORT_TOO_LARGE: {
    classes: ['TransportError'],
    meaning: 'The answer is larger than any of its kind may be',
    remedy: 'Check that the URL is the one you meant: something else than a sign-in server answers there.',
  },
  ERR_TRANSPORT_REDIRECT: {
    classes: ['TransportError'],
    meaning: 'The host answered with a redirect, which is never followed: it could lead a password elsewhere',
    remedy:
      'Use the URL the message says it leads to, if you trust it. A proxy or captive portal that wants a sign-in of its own redirects too.',
  },
  ERR_TRANSPORT_INTERCEPTED: {
    classes: ['InvalidArgumentError'],
    meaning:
      'A test intercepts HTTP requests with nock before 15 or MSW, which do not see those of the undici transport; nothing was sent',
    remedy:
      "Use the default transport in that test, nock 15, undici's MockAgent as the global dispatcher, or a cassette. A sign-in that looks offline would have sent the password.",
  },
  ERR_UNEXPECTED_STATUS: {
    classes: ['ProtocolError'],
    meaning: 'The HTTP status is none that this step can have, and the body is no error of the protocol either',
    remedy:
      'Look at what answered: server, via and title of the error’s response name proxies and portals. 404 is a wrong URL or an endpoint that is not published, 503 a server that is down; for AD FS see Get-AdfsEndpoint.',
  },
  ERR_MALFORMED_RESPONSE: {
    classes: ['ProtocolError'],
    meaning: 'The answer is not JSON, not XML, or has a field that cannot be as it is',
    remedy:
      'Something other than the server answers (a proxy’s page, a captive portal), or changes its answers on the way. Compare with another network.',
  },
  ERR_MISSING_FIELD: {
    classes: ['ProtocolError'],
    meaning: 'The answer lacks a field that the protocol demands',
    remedy: 'The message names the field. The server is misconfigured or not of the kind the authority says it is.',
  },
  ERR_INSECURE_ENDPOINT: {
    classes: ['ProtocolError'],
    meaning:
      'The server names an endpoint that is not https, or has a user name in its URL: the credential is not sent there',
    remedy:
      'The administrator of the server must publish an https endpoint. There is no option to send it all the same.',
  },
  ERR_UNJUSTIFIED_HOST: {
    classes: ['ProtocolError'],
    meaning:
      'A document names a host that neither the caller nor the user realm vouches for: the credential is not sent there',
    remedy:
      'If the host of the message is the right one, list it in federationHosts. A loopback name goes into loopbackHosts, a private address needs denyPrivate left out.',
  },
  ERR_ISSUER_MISMATCH: {
    classes: ['ProtocolError'],
    meaning: 'The metadata or the id_token is of another issuer, tenant or policy than the authority',
    remedy: 'Check host, tenant and policy of the authority: they must be those that sign this user in.',
  },
  ERR_AUDIENCE_MISMATCH: {
    classes: ['ProtocolError'],
    meaning: 'The id_token is for another client',
    remedy: 'Something between here and the server mixes up answers: look at proxies and caches.',
  },
  ERR_ACCOUNT_MISMATCH: {
    classes: ['ProtocolError'],
    meaning: 'The tokens are for another user than the one asked for; nothing was kept',
    remedy: 'Sign the user out and in again. At a device code, the user who was expected must sign in.',
  },
  ERR_SIGNATURE_INVALID: {
    classes: ['ProtocolError'],
    meaning: 'The id_token does not verify with the keys that the server publishes',
    remedy: 'Fetch the key set again if it is old; otherwise the token is not from this server.',
  },
  ERR_ID_TOKEN_REFUSED: {
    classes: ['ProtocolError'],
    meaning: 'The id_token verifies, but fails a check: issuer, audience, time or another claim',
    remedy: 'The message lists the checks. Check the authority, the client id and the clock of this machine.',
  },
  ERR_UNSUPPORTED_TOKEN_TYPE: {
    classes: ['ProtocolError'],
    meaning: 'The access token is not a bearer token',
    remedy: 'Turn off proof-of-possession for this client at the server.',
  },
  ERR_TOKEN_ENDPOINT: {
    classes: ['TokenEndpointError', 'DeniedError'],
    meaning: 'The token endpoint refused, with an OAuth error (RFC 6749 §5.2) or without one',
    remedy:
      'The server’s own code decides: AADSTS, AADB2C or MSIS in errorCodes and serverCode, else error and suberror. Look those up here.',
  },
  ERR_SOAP_FAULT: {
    classes: ['SoapFaultError'],
    meaning: 'The federation server answered the user name and password with a SOAP fault',
    remedy: `Look up idCode (ID3242, MSIS7068 …) and faultSubcode here. AD FS does not tell its caller why; its administrator finds the reason in ${adfsEvents}.`,
  },
  ERR_THROTTLED: {
    classes: ['ThrottledError'],
    meaning: 'The server asked to wait, a moment ago or for an earlier call',
    remedy:
      'Do not call again before retryAt. Use acquireTokenSilent, which answers from the cache, and share one client.',
  },
  ERR_REFUSED_BEFORE: {
    classes: ['ThrottledError'],
    meaning:
      'This user name and password were refused a moment ago; they were not sent again, since a loop would lock the account',
    remedy: 'Correct the password. The same one is tried again from retryAt on.',
  },
  ERR_DEVICE_CODE_EXPIRED: {
    classes: ['DeniedError'],
    meaning: 'Nobody entered the device code while it was valid',
    remedy: 'Start again, and enter the new code within the time that is shown with it.',
  },
  ERR_DEVICE_CODE_DECLINED: {
    classes: ['DeniedError'],
    meaning: 'The user declined the sign-in that the device code was for',
    remedy: 'Start again if that was a mistake. A code that the user did not ask for is rightly declined.',
  },
  ERR_INTERACTION_REQUIRED: {
    classes: ['InteractionRequiredError'],
    meaning:
      'The server demands what a user name and password cannot give (MFA, consent, a device, a new password), or a silent call has nothing left to be silent with',
    remedy:
      'reason says which, waysOut what could do it: a device code (--device-code), an interactive sign-in with the error’s claims, or an administrator who excludes the account. After no_account or no_token, sign in with the password.',
  },
  ERR_UNSUPPORTED_ACCOUNT: {
    classes: ['UnsupportedError'],
    meaning:
      'This grant cannot sign this account in: a personal Microsoft account, or one whose domain Entra does not know',
    remedy:
      'Check the user name for typing errors. It must be the user principal name, such as ada@contoso.example: no phone number, no DOMAIN\\user, no bare alias. Personal accounts sign in interactively or with a device code only.',
  },
  ERR_UNSUPPORTED_AUTHORITY: {
    classes: ['UnsupportedError'],
    meaning: 'The authority is of a kind that does not serve this call, such as dSTS, or B2C for a device code',
    remedy: 'Use an authority of Entra ID, AD FS, B2C, External ID or an OpenID provider that serves the grant.',
  },
  ERR_NO_WSTRUST_ENDPOINT: {
    classes: ['UnsupportedError'],
    meaning: 'The federation server’s metadata (MEX) offers no https endpoint that takes a user name and password',
    remedy:
      'In AD FS, enable /adfs/services/trust/13/usernamemixed and publish it through the proxy: Get-AdfsEndpoint shows it. Other federation servers may not offer WS-Trust at all: then sign in interactively, or use password hash sync.',
  },
  ERR_UNSUPPORTED_ASSERTION: {
    classes: ['UnsupportedError'],
    meaning: 'The federation server issued an encrypted assertion, or a token that is no SAML assertion',
    remedy: 'Entra takes signed SAML 1.1 or 2.0 assertions: turn off token encryption for that relying party.',
  },
  ERR_MISSING_DEPENDENCY: {
    classes: ['UnsupportedError'],
    meaning: 'An optional package is not installed that this function needs',
    remedy: 'Install it; the hint has the line for it.',
  },
  ERR_CACHE_READ: {
    classes: ['CacheError'],
    meaning: 'The token store cannot be read',
    remedy: 'The message has the reason: a disk, a permission, a server that does not answer.',
  },
  ERR_CACHE_WRITE: {
    classes: ['CacheError'],
    meaning: 'The token store cannot be written',
    remedy:
      'The message has the reason: a full disk, a permission, a server that does not answer, another program that writes.',
  },
  ERR_CACHE_FORMAT: {
    classes: ['CacheError'],
    meaning: 'What is stored there is no cache of this kind, or is spoiled',
    remedy:
      'Name the right file. If it is the right one, the next sign-in sets it aside and begins a new one; users must sign in again.',
  },
  ERR_CACHE_LOCKED: {
    classes: ['CacheError'],
    meaning: 'Another process holds the lock of the cache and does not let go',
    remedy: 'The message names the process. End it, or remove the lock file if that process no longer exists.',
  },
  ERR_CACHE_INSECURE: {
    classes: ['CacheError'],
    meaning: 'The cache is a link, a device or somebody else’s file, or others may write to its folder',
    remedy: 'Keep it in a folder of your own that nobody else may write to.',
  },
  ERR_CACHE_KEY: {
    classes: ['CacheError'],
    meaning: 'The key of the cache is wrong or cannot be had, or what it protects was tampered with',
    remedy:
      'Use the key that it was written with; for the keychain, install @napi-rs/keyring and unlock it. If the key is lost, removeAccount or store.drop forgets the user.',
  },
}

/** Completes "the fault lies with …". */
export function faultOf({ classes, fault }: ErrorCode): string {
  return fault ?? errorClasses[classes[0]].fault
}

/** How the command ends after an error with this code. */
export function exitCodeFor({ classes, exitCode }: ErrorCode): number {
  return exitCode ?? errorClasses[classes[0]].exitCode
}
