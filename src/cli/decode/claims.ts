import { explainField } from '../../trace/messages.ts'

/** What a claim of a token, or a member of its header, means; for the names that Entra, AD FS and B2C issue. */
export function explainClaim(name: string): string | undefined {
  return Object.hasOwn(claims, name) ? claims[name as keyof typeof claims] : explainField('id_token', name)
}

const claims = {
  alg: 'How it is signed (RFC 7515 §4.1.1).',
  enc: 'How it is encrypted (RFC 7516 §4.1.2).',
  kid: 'Which key signed it.',
  typ: 'What kind of token it is.',
  x5t: 'The thumbprint of the certificate of that key.',
  nonce:
    'In an id_token, what the sign-in sent along; in the header of an access token, a sign that only its API can verify it.',
  aud: 'For whom it is: in an id_token the client, in an access token the API.',
  appid: 'Which application it was issued to (v1).',
  azp: 'Which application it was issued to (v2).',
  appidacr: 'How the application proved itself: 0 not at all, 1 by a secret, 2 by a certificate (v1).',
  azpacr: 'How the application proved itself: 0 not at all, 1 by a secret, 2 by a certificate (v2).',
  scp: 'What the application may do for the user.',
  roles: 'What the application, or the user in it, may do.',
  wids: 'Roles of the user in the directory.',
  groups: 'Groups of the user.',
  amr: 'How the user proved who he is: pwd is a password, mfa a second factor.',
  acr: 'How strong the sign-in was; of B2C, the policy.',
  acrs: 'Authentication contexts that the sign-in satisfies.',
  tfp: 'The policy (user flow) of B2C.',
  idp: 'Who signed the user in, if that is another directory.',
  idtyp: 'Of whom the token is: user, or app.',
  auth_time: 'When the user signed in, in epoch seconds.',
  name: 'The name to show.',
  unique_name: 'A name to show: it may change, and is no key to anything.',
  email: 'A mail address: it may change, and may not be verified.',
  ver: 'The version of the token, 1.0 or 2.0.',
  uti: 'The id of the token: it finds it in the sign-in log.',
  sid: 'The session of the user.',
  ipaddr: 'From which address the user signed in.',
  xms_cc: 'What the client can do; cp1 is claims challenges.',
  at_hash: 'Ties the id_token to its access token.',
  aio: 'For Entra itself.',
  rh: 'For Entra itself.',
} as const
