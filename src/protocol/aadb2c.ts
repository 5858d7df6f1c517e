import { type Advice, type AdviceSource, advice, findAdvice, hintOf, triedOnce } from './advice.ts'

const reported: AdviceSource = 'reported'
const wrongPassword = `Check both; only local accounts of the B2C tenant can use this grant. ${triedOnce}`
const again = 'Try again later, with a growing pause between attempts.'
const passwordAgain = 'Sign in with user name and password again.'
const spent = `The refresh token is of no more use. ${passwordAgain}`
const slower =
  'Wait before the next request, and use acquireTokenSilent and a store, so that a token is asked for once in its lifetime.'
const registration = 'App registrations of the B2C tenant'
const scopeForm =
  'Pass the client id of the application itself as scope, or the full scopes of one API: https://{tenant}.onmicrosoft.com/{API}/{scope}; openid and offline_access may stand beside them.'
const restExchange =
  'The author of the custom policy looks into the REST API that it calls, and its log; Application Insights shows what the policy got from it.'
const idTokenHint =
  'It belongs to a policy that takes an id_token_hint, which this grant does not send. Check the name of the policy in the authority, and extraBodyParameters and extraQueryParameters.'
const claimsEndpoint =
  'The author of the custom policy checks its UserInfo (claims) endpoint and the bearer token for it. This client never calls it: look for what else does.'

/**
 * What the AADB2C codes met by this grant ask of whom. Advice for people, like the AADSTS numbers.
 *
 * @see {@link https://learn.microsoft.com/azure/active-directory-b2c/error-codes Azure AD B2C error codes}
 */
export const aadb2c: Readonly<Record<string, Advice>> = {
  // The credentials
  AADB2C90225: advice('credential', '', 'user name or password is wrong', wrongPassword),
  AADB2C90052: advice('credential', '', 'user name or password is wrong', wrongPassword),
  AADB2C90054: advice('credential', '', 'user name or password is wrong', wrongPassword),
  AADB2C90053: advice(
    'credential',
    '',
    'there is no such user in this tenant',
    'Check the user name for typing errors, and that it is the sign-in name of a local account (Users > {user} > Identities). Social and federated accounts cannot use this grant.',
  ),
  AADB2C90111: advice(
    'account_state',
    '',
    'the account is locked',
    'An administrator of the B2C tenant unlocks it, or resets its password: Users > {user}. Stop whatever retries meanwhile.',
  ),
  AADB2C90114: advice(
    'account_state',
    '',
    'the account is locked for a while after too many bad attempts',
    'Wait, and do not retry meanwhile. The threshold is in Authentication methods > Password protection of the B2C tenant; it also counts per address, which a server shares among all its users.',
  ),
  AADB2C90122: advice(
    'request',
    '',
    'the service refused characters such as "<" or "&" in the input',
    'A password or user name with them may not pass here, however it is encoded: change the password of this account, or sign in interactively.',
  ),
  AADB2C90080: advice('credential', '', 'the refresh token has expired', spent),
  AADB2C90128: advice(
    'account_state',
    '',
    'the account of the refresh token no longer exists',
    'Remove it from the store (removeAccount, or ropc accounts --remove), and sign in as a user who exists.',
  ),
  AADB2C90129: advice('credential', '', 'the refresh token was revoked', spent),
  AADB2C90087: advice(
    'credential',
    '',
    'the refresh token is of another version of the endpoint',
    `Use the authority it came from. ${passwordAgain}`,
  ),
  AADB2C90088: advice(
    'credential',
    '',
    'the refresh token is of another endpoint or policy',
    `Use the authority, with the policy, that it came from. ${passwordAgain}`,
  ),

  // What only a browser can do
  AADB2C90077: advice(
    'interaction_required',
    '',
    'there is no session, and the request wants one',
    'It belongs to silent sign-in in a browser, which this grant is not. Sign in with user name and password, and take "prompt" out of extraQueryParameters.',
  ),
  AADB2C90091: advice(
    'interaction_required',
    '',
    'the user cancelled',
    'It belongs to sign-in in a browser, which this grant is not: check the name of the policy in the authority, which must be a ROPC user flow or policy.',
  ),
  AADB2C90118: advice(
    'interaction_required',
    '',
    'the user has forgotten the password',
    'This grant cannot reset it: send the user to the password reset user flow in a browser, then sign in again.',
  ),

  // The grant and the policy
  AADB2C90224: advice(
    'client_registration',
    '',
    'the password grant is not enabled for the application',
    `${registration} > {application} > Authentication > Allow public client flows = Yes; and sign in with a ROPC user flow (User flows > New > Sign in using resource owner password credentials).`,
  ),
  AADB2C90249: advice(
    'tenant_policy',
    '',
    'the password grant is not enabled for the tenant',
    'An administrator of the B2C tenant makes a ROPC user flow or policy; if there is one and it stays, the tenant may not use this grant: sign in interactively.',
    reported,
  ),
  AADB2C90247: advice(
    'request',
    '',
    'this tenant serves the password grant on its custom domain only',
    'Use that in the authority: https://{custom domain}/{tenant}.onmicrosoft.com/{policy}, with its host in knownAuthorities.',
    reported,
  ),
  AADB2C90248: advice(
    'client_registration',
    '',
    'the password grant works only for applications made in the B2C section of the portal',
    `Register a new one under Azure AD B2C > App registrations, allow public client flows for it, and use its client id.`,
  ),
  AADB2C90086: advice(
    'request',
    '',
    'the policy does not serve the password grant',
    'Use a ROPC user flow (B2C_1_ROPC…) or custom policy in the authority: https://{tenant}.b2clogin.com/{tenant}.onmicrosoft.com/{policy}.',
  ),
  AADB2C90066: advice(
    'request',
    '',
    'the policy is invalid',
    'Check its name in the authority (B2C_1_… for user flows, B2C_1A_… for custom policies); the author of a custom policy uploads it anew and reads what the portal objects to.',
    reported,
  ),
  AADB2C90063: advice(
    'transient',
    '',
    'the service failed, or the policy does not serve this grant',
    `Check first that the policy in the authority is a ROPC user flow or policy. ${again}`,
    reported,
  ),
  AADB2C90057: advice(
    'client_registration',
    '',
    'the application may not use the implicit grant, which custom ROPC policies need',
    'Set oauth2AllowImplicitFlow to true in the manifest of the application, or Authentication > Implicit grant and hybrid flows > Access tokens and ID tokens.',
  ),
  AADB2C90107: advice(
    'request',
    '',
    'no id token can be issued: the scope openid is missing or not allowed',
    'Leave openid among the scopes (this client sends it by itself), and grant the application openid and offline_access under API permissions.',
  ),
  AADB2C90075: advice('transient', '', 'a REST API that the custom policy calls answered with an error', restExchange),
  AADB2C90073: advice(
    'transient',
    '',
    'a REST API that the custom policy calls could not be used',
    restExchange,
    reported,
  ),
  AADB2C90261: advice(
    'transient',
    '',
    'a REST API that the custom policy calls answered with an error that cannot be read',
    restExchange,
  ),

  // The client
  AADB2C90018: advice(
    'client_registration',
    '',
    'the application is not registered in this tenant',
    `Check the client id against ${registration}, and the tenant in the authority.`,
  ),
  AADB2C90092: advice(
    'client_registration',
    '',
    'the application is disabled',
    'An administrator of the B2C tenant enables it: Enterprise applications > {application} > Properties > Enabled for users to sign-in = Yes.',
  ),
  AADB2C90068: advice(
    'client_registration',
    '',
    'the application is not one that B2C can use',
    'Register a new one under Azure AD B2C > App registrations, for accounts in any identity provider or directory, and use its client id.',
  ),
  AADB2C90205: advice(
    'client_registration',
    '',
    'the application lacks a permission for the resource',
    `${registration} > {application} > API permissions > Add a permission > My APIs, then Grant admin consent.`,
  ),
  AADB2C90058: advice(
    'client_registration',
    '',
    'the application may not be a public client',
    `${registration} > {application} > Authentication > Allow public client flows = Yes; or pass clientAuthentication.`,
  ),
  AADB2C90084: advice(
    'client_registration',
    '',
    'a public client sent a secret',
    'Leave clientAuthentication out: B2C does not verify it in this grant anyway.',
  ),
  AADB2C90079: advice(
    'client_registration',
    '',
    'the application is confidential and sent no secret',
    `Pass clientAuthentication, or ${registration} > {application} > Authentication > Allow public client flows = Yes.`,
  ),
  AADB2C90081: advice(
    'client_registration',
    '',
    'the client secret is wrong',
    `Pass the value of a valid secret (not its id): ${registration} > {application} > Certificates & secrets > New client secret.`,
  ),
  AADB2C90082: advice(
    'request',
    '',
    'the server finds the request invalid',
    'Check the authority, the client id, the scopes and clientAuthentication, and whatever changes requests on their way.',
    reported,
  ),

  // The request
  AADB2C90008: advice('request', '', 'the request names no client', 'Pass the Application (client) ID as clientId.'),
  AADB2C90010: advice('request', '', 'the request names no scope', scopeForm),
  AADB2C90012: advice('request', '', 'a scope is not supported', scopeForm),
  AADB2C90117: advice('request', '', 'a scope is not supported', scopeForm),
  AADB2C90055: advice('request', '', 'a scope does not name its resource', scopeForm),
  AADB2C90146: advice(
    'request',
    '',
    'the scopes name several resources',
    'Make one call per resource; the refresh token of the first serves the others without the password (acquireTokenSilent).',
  ),
  AADB2C90251: advice(
    'request',
    '',
    'an application of the older version must name the resource',
    `Register a new one under Azure AD B2C > App registrations and pass scopes; with the old one, name the API as resource.`,
    reported,
  ),
  AADB2C90083: advice(
    'request',
    '',
    'a parameter is missing from the request',
    'The description names it. Check whatever changes requests between here and the server, and extraBodyParameters.',
  ),
  AADB2C90226: advice(
    'request',
    '',
    'the endpoint takes POST only',
    'Something on the way turned the POST into a GET (a proxy, a redirect): check what changes requests between here and the server.',
  ),
  ...several(
    [
      ['AADB2C90235', 'it has expired'],
      ['AADB2C90236', 'it is not valid yet', reported],
      ['AADB2C90237', 'its audience is wrong'],
      ['AADB2C90238', 'its issuer is wrong'],
      ['AADB2C90239', 'its signature did not verify'],
      ['AADB2C90240', 'it is malformed'],
    ],
    (why, source) => advice('request', '', `the id token given to the policy was refused: ${why}`, idTokenHint, source),
  ),
  ...several(
    [
      ['AADB2C90190', 'no reason is published', reported],
      ['AADB2C90191', 'no reason is published', reported],
      ['AADB2C90192', 'no reason is published', reported],
      ['AADB2C90193', 'no reason is published', reported],
      ['AADB2C90194', 'the claim of the bearer token is missing'],
      ['AADB2C90195', 'no reason is published', reported],
    ],
    (why, source) => advice('request', '', `the claims endpoint of the policy failed: ${why}`, claimsEndpoint, source),
  ),

  // The health of the service
  AADB2C90035: advice('transient', '', 'the service is unavailable for the moment', again),
  AADB2C90037: advice('transient', '', 'the service failed while it processed the request', again),
  AADB2C90038: advice('transient', '', 'the service failed while it processed the request', again, reported),
  AADB2C90085: advice('transient', '', 'the service failed inside', again),
  AADB2C90229: advice('throttled', '', 'too many requests', slower, reported),
  AADB2C90244: advice('throttled', '', 'too many requests', slower),
  AADB2C90245: advice(
    'tenant_policy',
    '',
    'access to the tenant is disabled',
    'An administrator looks at the subscription that the B2C tenant is linked to (Azure portal > Azure AD B2C > Overview) and renews it. If the subscription is in order, the support of Azure unblocks the tenant.',
    reported,
  ),
}

function several(
  rows: readonly (readonly [code: string, why: string, source?: AdviceSource])[],
  entry: (why: string, source: AdviceSource | undefined) => Advice,
): Readonly<Record<string, Advice>> {
  return Object.fromEntries(rows.map(([code, why, source]) => [code, entry(why, source)]))
}

/** Advice for an AADB2C code. @returns `undefined` when there is none. */
export function aadb2cHint(code: string | undefined): string | undefined {
  return hintOf(findAdvice(aadb2c, code))
}
