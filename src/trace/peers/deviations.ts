/** Something a library does differently from this client, and that mattered for the input at hand. */
export interface PeerDeviation {
  /** Stable name of the rule, e.g. `peer.mex.last-wins`. */
  readonly rule: string
  /** The rule in one sentence; its subject is the library. */
  readonly text: string
}

export type PeerRule = keyof typeof texts

/** The named rules, each once, in the order given. */
export function deviationsOf(rules: Iterable<PeerRule>): readonly PeerDeviation[] {
  return [...new Set(rules)].map((rule) => ({ rule, text: texts[rule] }))
}

const texts = {
  'peer.realm.never-asked':
    'It never asks how the user signs in: every password goes to the token endpoint, that of a federated user too.',
  'peer.realm.asked-everywhere':
    'It asks every authority but AD FS for the user’s realm, also one that is not Entra and has no such page.',
  'peer.realm.name-cut':
    'It puts the user name into the realm URL unescaped, so the name ends at the "#" or "?" and Entra sees another one.',
  'peer.realm.case-sensitive':
    'It compares the account type letter by letter ("Federated"); with other letter case the user does not count as federated.',
  'peer.realm.unknown-is-managed':
    'It takes every account type but "Federated" for managed and sends the password to the token endpoint.',
  'peer.realm.consumer-unnoticed':
    'It does not recognise a personal account by its domain (live.com) and goes on as for any federation.',
  'peer.realm.protocol-checked': 'It refuses a federation protocol that is not WSTrust, SAML20 or Unknown.',
  'peer.realm.all-members-required':
    'It refuses a realm answer that lacks the domain name, the cloud’s name, the audience or, of a federation, the protocol or the MEX address.',
  'peer.realm.addresses-required': 'It needs both addresses in the realm answer, and ends in a KeyError without one.',
  'peer.realm.no-active-url':
    'It does not use the active URL of the realm answer in place of a MEX document, as this client does.',
  'peer.wstrust.empty-audience':
    'It sends an empty audience (AppliesTo) when the realm answer has none, where this client takes the worldwide one.',
  'peer.wstrust.constant-audience':
    'It always asks for the audience of the worldwide cloud, whatever the realm answer says.',
  'peer.wstrust.username-unescaped':
    'It writes the user name into the request unescaped: "&" and "<" make it ill-formed XML.',
  'peer.wstrust.username-unescaped-formerly':
    'Its older releases (1.21) write the user name into the request unescaped, so that "&" and "<" make it ill-formed XML; newer ones (1.39) escape it.',
  'peer.wstrust.version-by-substring':
    'It tells the WS-Trust version of an endpoint by the text /trust/2005/usernamemixed or /trust/13/usernamemixed in its URL, and refuses any other URL.',
  'peer.wstrust.version-by-character':
    'It takes any active URL with a 0, 2 or 5 in it for WS-Trust 2005, one with a 1 or 3 for WS-Trust 1.3, and refuses any other.',
  'peer.wstrust.no-2005': 'It chooses 2005 endpoints and then says that it cannot speak WS-Trust 2005.',
  'peer.wstrust.query-dropped': 'It drops the query of the MEX address and of the endpoint.',
  'peer.mex.silent-fallback':
    'Whatever goes wrong with the MEX document, it silently takes the active URL of the realm answer instead.',
  'peer.mex.status': 'It accepts other HTTP statuses for the MEX document than this client, which accepts 200 alone.',
  'peer.mex.doctype-accepted': 'It reads a document with a document type declaration, which this client refuses.',
  'peer.mex.root-only':
    'It looks for the WSDL at the root of the document only, and sees nothing in one that is wrapped in SOAP.',
  'peer.mex.policy-13-unseen':
    'It looks for the UsernameToken of a 1.3 policy in the namespace of the 2005 dialect, so it never sees the 1.3 policy of an AD FS server.',
  'peer.mex.policy-12-signed-unseen':
    'It knows SignedSupportingTokens in the older dialect of WS-SecurityPolicy only, not in the dialect 1.2.',
  'peer.mex.username-token-11-unseen': 'It knows the WSS 1.0 username token only, not that of WSS 1.1.',
  'peer.mex.policy-id-by-prefix': 'It finds the id of a policy only if it is written with the prefix wsu.',
  'peer.mex.policy-id-required': 'It gives up at a username policy without an id.',
  'peer.mex.transport-not-required': 'It accepts a username policy that does not ask for TLS (no TransportBinding).',
  'peer.mex.transport-same-dialect':
    'It wants the TransportBinding in the same dialect of WS-SecurityPolicy as the username token.',
  'peer.mex.transport-needs-sp': 'It accepts a TransportBinding only if that very element declares the prefix sp.',
  'peer.mex.duplicate-refused':
    'It gives up when a policy or binding counts twice: same id, same name, or two alternatives that fit.',
  'peer.mex.duplicate-accepted': 'It does not mind that a policy id or a binding name occurs twice.',
  'peer.mex.last-reference': 'It looks at the last policy reference of a binding only.',
  'peer.mex.first-operation': 'It looks at the first operation of a binding only, where Issue need not stand.',
  'peer.mex.last-operation':
    'It looks at the last operation of a binding only, which is seldom Issue when there are several.',
  'peer.mex.action-unknown-kept':
    'It keeps an endpoint with a SOAP action that it does not know, and fails when that one is the first that is left.',
  'peer.mex.action-unknown-rejects-all':
    'One binding with a SOAP action that it does not know makes it refuse the whole document.',
  'peer.mex.letter-case-ignored': 'It compares SOAP actions and transports without regard to letter case.',
  'peer.mex.binding-gap-stops':
    'It breaks down at a binding that is not SOAP 1.2 or has no operation, whatever that binding is for.',
  'peer.mex.gap-stops':
    'It breaks down at a gap beside the point: a reference without URI, a port without binding or address.',
  'peer.mex.prefix-required': 'It skips a port that names its binding without a prefix.',
  'peer.mex.first-service': 'It reads the ports of the first service only.',
  'peer.mex.insecure-accepted': 'It accepts an address that is not https, and sends the password in clear.',
  'peer.mex.address-untrimmed':
    'It does not trim the address: blanks in front hide the endpoint, blanks behind become part of its URL.',
  'peer.mex.address-comment':
    'It reads an address that has a comment in it: some readers join the parts, some cut it off there.',
  'peer.mex.last-wins':
    'Of several endpoints of the same version it takes the one whose policy stands last, not the first port.',
  'peer.mex.last-port-wins': 'Of several ports on one binding it takes the last, not the first.',
  'peer.mex.first-policy-wins': 'Of several endpoints it takes the one whose policy stands first, not the first port.',
  'peer.mex.later-readings-differ':
    'Only at the first sign-in of a process does it find a 1.3 policy of the newer dialect; later ones end at the 2005 endpoint, or at none.',
  'peer.mex.hash-order':
    'Of several endpoints of the same version it takes the last in the order of a hash table, which has nothing to do with the document’s.',
} as const
