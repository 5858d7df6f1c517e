import type { Authority } from '../../protocol/authority.ts'
import { classifyUsername, unknownRealmHint } from '../../realm/upn.ts'
import type { UserRealm } from '../../realm/user-realm.ts'
import { type Check, pass, warn } from './check.ts'

/** What may make a sign-in fail although everything that can be seen from here is well. */
export interface Risk {
  /** Stable. */
  readonly id: string
  readonly text: string
}

/** Judges the form of a user name; only a user principal name says which domain is meant. */
export function judgeUsername(username: string): Check {
  const [id, label] = ['username', 'user name']
  if (username !== username.trim()) {
    return warn(
      id,
      label,
      `"${username}" begins or ends with a blank`,
      'It is sent as it is, and no account has such a name.',
    )
  }
  const shape = classifyUsername(username)
  if (shape === 'upn') return pass(id, label, `${username}, a user principal name`)
  return warn(id, label, `${username} is no user principal name`, unknownRealmHint(username))
}

/** Judges an application id, which at Entra and its relatives is a GUID. */
export function judgeClientId(clientId: string, { kind }: Authority): Check {
  const [id, label] = ['client-id', 'application']
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId)
  if (isGuid || kind === 'adfs' || kind === 'oidc')
    return pass(id, label, `${clientId}; whether it is registered cannot be seen from here`)
  return warn(
    id,
    label,
    `${clientId} is no GUID`,
    'Pass the "Application (client) ID" of the app registration, not its name.',
  )
}

/** Lists the risks, the likeliest first. @param realm Absent where it was not found out. */
export function listRisks(
  username: string,
  authority: Authority | undefined,
  realm: UserRealm | undefined,
): readonly Risk[] {
  const risks: Risk[] = []
  const add = (id: string, text: string): void => void risks.push({ id, text })
  if (realm?.accountType === 'consumer')
    add('personal-account', 'A personal Microsoft account cannot use this grant at all.')
  if (realm?.accountType === 'unknown')
    add('unknown-domain', 'Entra does not know the domain: nobody of that name can sign in.')
  if (username !== username.trim()) add('username.blanks', 'The user name begins or ends with a blank.')
  const shape = classifyUsername(username)
  if (shape !== 'upn') add(`username.${shape}`, 'The user name is not of the form user@domain, which this grant wants.')
  const isEntra = authority?.kind === 'entra'
  if (isEntra || authority === undefined) {
    add(
      'mfa',
      'Multifactor authentication, Conditional Access or security defaults may refuse the sign-in (AADSTS50076, 50079, 53003, 530035). Whether they do cannot be seen without signing in.',
    )
  }
  if (realm?.accountType === 'federated') {
    add(
      'federated',
      'Only the federation server can check the password: if its WS-Trust endpoint is closed or refuses, Entra can stand in only where password hashes are synchronised and a policy allows it (AllowCloudPasswordValidation).',
    )
  }
  if (isEntra && authority.tenant === 'organizations') {
    add(
      'organizations',
      "The authority names no tenant: the user's home tenant decides, and a guest cannot sign in elsewhere. Name the tenant.",
    )
  }
  add(
    'deprecated',
    'The grant is deprecated (RFC 9700, section 2.4), and Microsoft is withdrawing it: plan for device code, a browser or a workload identity.',
  )
  return risks
}
