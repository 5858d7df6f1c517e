import { type Advice, advice } from './advice.ts'

const signInElse = 'Sign this user in with device code or interactively (authorization code with PKCE)'
const interactive = `This grant can never do that. ${signInElse}, or have an administrator exclude the account from the policy.`
const device = `This grant cannot prove a device. ${signInElse} on such a device, or have an administrator exclude the account from the policy.`
const policy =
  'This grant can never satisfy it. An administrator finds the policy in Sign-in logs > {this sign-in} > Conditional Access, and can exclude the account; else use device code or interactive sign-in from where it allows them.'

/** AADSTS numbers about what a policy wants beyond the password: multifactor authentication, a device, a place, no risk. */
export const policyNumbers: Readonly<Record<number, Advice>> = {
  50072: advice(
    'interaction_required',
    'UserStrongAuthEnrollmentRequiredInterrupt',
    'the user must enrol in multifactor authentication',
    interactive,
  ),
  50079: advice(
    'interaction_required',
    'UserStrongAuthEnrollmentRequired',
    'the user must enrol in multifactor authentication, or bring its claim from the federation server',
    interactive,
  ),
  50074: advice(
    'interaction_required',
    'UserStrongAuthClientAuthNRequiredInterrupt',
    'multifactor authentication is required and was not passed',
    interactive,
  ),
  50076: advice(
    'interaction_required',
    'UserStrongAuthClientAuthNRequired',
    'multifactor authentication is required',
    interactive,
  ),
  50078: advice(
    'interaction_required',
    'UserStrongAuthExpired',
    'the multifactor authentication of this sign-in is too old',
    interactive,
  ),
  50097: advice('interaction_required', 'DeviceAuthenticationRequired', 'the device must authenticate', device),
  50129: advice(
    'interaction_required',
    'DeviceIsNotWorkplaceJoined',
    'the device must be registered (workplace join)',
    device,
  ),
  50155: advice('interaction_required', 'DeviceAuthenticationFailed', 'the device did not authenticate', device),
  50187: advice(
    'interaction_required',
    'DeviceInformationNotProvided',
    'the sign-in says nothing of a device, and one is required',
    device,
  ),
  700003: advice(
    'interaction_required',
    '',
    'the device is not found in the directory',
    'This grant sends no device. Register the device anew (dsregcmd /leave, then join), sign in through a broker or a browser there, or have an administrator exclude the account from the policy.',
    'reported',
  ),
  50125: advice(
    'interaction_required',
    'PasswordResetRegistrationRequiredInterrupt',
    'the user must register for password reset first',
    'This grant cannot. The user registers once at https://aka.ms/ssprsetup, or an administrator sets Password reset > Registration > Require users to register when signing in = No.',
  ),
  50131: advice(
    'tenant_policy',
    'ConditionalAccessFailed',
    'a Conditional Access policy refused, for the state of the device, a suspicion or a security rule',
    policy,
  ),
  50158: advice(
    'interaction_required',
    'ExternalSecurityChallenge',
    'a challenge of an external provider is required (multifactor authentication of a third party)',
    interactive,
  ),
  50161: advice(
    'tenant_policy',
    'InvalidExternalSecurityChallengeConfiguration',
    'the external provider of a challenge sends too few claims',
    'This grant cannot pass an external challenge anyway. An administrator mends the custom control in Conditional Access, or excludes the account from its policy.',
  ),
  50166: advice(
    'throttled',
    'ExternalClaimsProviderThrottled',
    'the external provider of claims could not be asked',
    'Wait before the next attempt. Since this grant cannot pass an external challenge, have an administrator exclude the account from the policy, or use device code or interactive sign-in.',
  ),
  50170: advice(
    'tenant_policy',
    'MissingExternalClaimsProviderMapping',
    'a policy names an external control that is not set up',
    'An administrator removes the control from the Conditional Access policy or sets it up; this grant cannot pass it either way, so the account must be excluded.',
  ),
  50005: advice(
    'tenant_policy',
    'DevicePolicyError',
    'Conditional Access does not support the platform of this device',
    policy,
  ),
  53000: advice('tenant_policy', 'DeviceNotCompliant', 'a policy wants a compliant device', device),
  53001: advice('tenant_policy', 'DeviceNotDomainJoined', 'a policy wants a domain-joined device', device),
  53002: advice(
    'tenant_policy',
    'ApplicationUsedIsNotAnApprovedApp',
    'a policy allows approved applications only',
    'An application of your own can never be on that list, with this grant or another. An administrator excludes the account or the resource in the Conditional Access policy.',
  ),
  53003: advice(
    'tenant_policy',
    'BlockedByConditionalAccess',
    'a Conditional Access policy blocks this sign-in',
    policy,
  ),
  53004: advice(
    'interaction_required',
    'ProofUpBlockedDueToRisk',
    'the user must register for multifactor authentication, and a risk stands against it',
    'This grant can never do that. An administrator looks into Protection > Risky users; then the user registers in a browser, and signs in with device code or interactively.',
  ),
  53010: advice(
    'tenant_policy',
    'ProofUpBlockedDueToSecurityInfoAcr',
    'security information may be registered from certain places or devices only',
    'This grant can never do that. The user registers at https://aka.ms/mysecurityinfo from where the policy allows it; then sign in with device code or interactively.',
  ),
  53011: advice(
    'tenant_policy',
    '',
    'the user is blocked for a risk in the home tenant',
    'An administrator of the home tenant looks into Protection > Risky users, and dismisses the risk or resets the password; then sign in again.',
  ),
  530034: advice(
    'tenant_policy',
    'DelegatedAdminBlockedDueToSuspiciousActivity',
    'a delegated administrator is blocked for a risk in the home tenant',
    'An administrator of the home tenant looks into Protection > Risky users. Delegated administrators should not use this grant: sign in interactively.',
  ),
  530031: advice('tenant_policy', '', 'an access policy does not allow a token to be issued', policy, 'reported'),
  530032: advice(
    'tenant_policy',
    'BlockedByConditionalAccessOnSecurityPolicy',
    'a security policy of the tenant blocks this sign-in',
    policy,
  ),
  530035: advice(
    'tenant_policy',
    'BlockedBySecurityDefaults',
    'security defaults block this sign-in',
    'This grant cannot pass them: use device code or interactive sign-in, or have an administrator replace them (Overview > Properties > Manage security defaults) by Conditional Access that excludes the account. Those who look for 53035, which does not exist, mean this number.',
  ),
}
