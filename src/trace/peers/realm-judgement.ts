import type { JsonObject } from '../../protocol/json.ts'
import type { UserRealm } from '../../realm/user-realm.ts'
import type { PeerRule } from './deviations.ts'

/** What a library does with the user's realm. */
type RealmJudgement = (
  | { readonly path: 'managed' }
  | {
      readonly path: 'federated'
      readonly metadataUrl?: string
      readonly activeAuthUrl?: string
    }
  | { readonly path: 'fails'; readonly failure: string }
) & { readonly rules: readonly PeerRule[] }

export type JudgeRealm = (answer: JsonObject) => RealmJudgement

/**
 * The user's realm in the words of the wire. From a realm that was parsed, what our reader supplied or left out cannot be
 * told any more: it counts as there.
 */
export function wireRealm(realm: UserRealm | JsonObject): JsonObject {
  if (!isParsed(realm)) return realm
  const common = { domain_name: 'contoso.example', cloud_instance_name: 'microsoftonline.com' }
  const audience = { cloud_audience_urn: 'urn:federation:MicrosoftOnline' }
  switch (realm.accountType) {
    case 'managed':
      return { ...common, ...audience, account_type: 'Managed' }
    case 'unknown':
      return { ...common, ...audience, account_type: 'Unknown' }
    case 'consumer':
      return {
        ...common,
        ...audience,
        account_type: 'Federated',
        federation_protocol: 'WSTrust',
        domain_name: 'live.com',
      }
    case 'federated':
      return {
        ...common,
        account_type: 'Federated',
        federation_protocol: realm.federationProtocol ?? 'WSTrust',
        cloud_audience_urn: realm.cloudAudience,
        ...(realm.metadataUrl === undefined ? {} : { federation_metadata_url: realm.metadataUrl }),
        ...(realm.activeAuthUrl === undefined ? {} : { federation_active_auth_url: realm.activeAuthUrl }),
      }
  }
}

function isParsed(realm: UserRealm | JsonObject): realm is UserRealm {
  return typeof realm['accountType' as keyof typeof realm] === 'string'
}

const text = (answer: JsonObject, name: string): string | undefined => {
  const value = answer[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function federated(answer: JsonObject, rules: readonly PeerRule[] = []): RealmJudgement {
  const metadataUrl = text(answer, 'federation_metadata_url')
  const activeAuthUrl = text(answer, 'federation_active_auth_url')
  const unnoticed = answer['domain_name'] === 'live.com' ? (['peer.realm.consumer-unnoticed'] as const) : []
  return {
    path: 'federated',
    ...(metadataUrl === undefined ? {} : { metadataUrl }),
    ...(activeAuthUrl === undefined ? {} : { activeAuthUrl }),
    rules: [...rules, ...unnoticed],
  }
}

const fails = (failure: string, rules: readonly PeerRule[] = []): RealmJudgement => ({ path: 'fails', failure, rules })
const managed = (rules: readonly PeerRule[] = []): RealmJudgement => ({ path: 'managed', rules })
const isFederated = (answer: JsonObject): boolean => text(answer, 'account_type')?.toLowerCase() === 'federated'
const isManaged = (answer: JsonObject): boolean => text(answer, 'account_type')?.toLowerCase() === 'managed'

export const judgeAsMsalPython: JudgeRealm = (answer) => {
  const type = text(answer, 'account_type')
  if (type === 'Federated') return federated(answer)
  if (isManaged(answer)) return managed()
  return managed([
    'peer.realm.unknown-is-managed',
    ...(isFederated(answer) ? (['peer.realm.case-sensitive'] as const) : []),
  ])
}

export const judgeAsMsalJava: JudgeRealm = (answer) => {
  if (!isFederated(answer)) return managed(isManaged(answer) ? [] : ['peer.realm.unknown-is-managed'])
  const judged = federated(answer)
  if (judged.path === 'federated' && judged.metadataUrl === undefined) {
    return fails('an HTTP error: the MEX address is null', ['peer.realm.no-active-url'])
  }
  return judged
}

export const judgeAsMsalDotnet: JudgeRealm = (answer) => {
  if (answer['domain_name'] === 'live.com') return fails('ropc_not_supported_for_msa')
  if (isManaged(answer)) return managed()
  if (!isFederated(answer)) return fails('unknown_user_type')
  if (text(answer, 'federation_metadata_url') === undefined) {
    return fails('ArgumentNullException: there is no MEX address', ['peer.realm.no-active-url'])
  }
  return federated(answer, text(answer, 'cloud_audience_urn') === undefined ? ['peer.wstrust.empty-audience'] : [])
}

export const judgeAsMsalGo: JudgeRealm = (answer) => {
  const type = text(answer, 'account_type')
  const required = ['account_type', 'domain_name', 'cloud_instance_name', 'cloud_audience_urn']
  const ofFederation = type === 'Federated' ? ['federation_protocol', 'federation_metadata_url'] : []
  const missing = [...required, ...ofFederation].find((name) => text(answer, name) === undefined)
  if (missing !== undefined)
    return fails(`${missing} of the user realm is missing`, ['peer.realm.all-members-required'])
  if (type === 'Federated') return federated(answer)
  if (type === 'Managed') return managed()
  return fails('unknown account type', isFederated(answer) || isManaged(answer) ? ['peer.realm.case-sensitive'] : [])
}

const adalProtocols = ['wstrust', 'saml20', 'unknown']

/** @param strict ADAL Python: both addresses must be there. */
const judgeAsAdal = (answer: JsonObject, strict: boolean): RealmJudgement => {
  const type = text(answer, 'account_type')?.toLowerCase()
  if (isManaged(answer)) return managed()
  if (type === 'unknown') return fails('an unknown account type')
  if (!isFederated(answer)) return fails('the account type cannot be parsed')
  if (strict && ['federation_metadata_url', 'federation_active_auth_url'].some((name) => answer[name] === undefined)) {
    return fails('KeyError: an address is missing', ['peer.realm.addresses-required'])
  }
  if (!adalProtocols.includes(text(answer, 'federation_protocol')?.toLowerCase() ?? '')) {
    return fails('the federation protocol cannot be parsed', ['peer.realm.protocol-checked'])
  }
  return federated(answer)
}

export const judgeAsAdalPython: JudgeRealm = (answer) => judgeAsAdal(answer, true)

export const judgeAsAdalNode: JudgeRealm = (answer) => {
  const judged = judgeAsAdal(answer, false)
  const audience = text(answer, 'cloud_audience_urn')
  const otherAudience = audience !== undefined && audience !== 'urn:federation:MicrosoftOnline'
  if (judged.path !== 'federated' || !otherAudience) return judged
  return { ...judged, rules: [...judged.rules, 'peer.wstrust.constant-audience'] }
}
