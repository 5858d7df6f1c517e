import { type Advice, advice, triedOnce } from './advice.ts'

const again = 'Sign in with user name and password again; the refresh token is of no more use.'
const guest =
  'Use the tenant that the user belongs to in the authority. If this tenant is right, invite the user as a guest; a guest signs in by browser or device code, since the password is checked by the home tenant.'
const signInElse = 'Sign this user in with device code or interactively (authorization code with PKCE)'
const interactive = `This grant can never do that. ${signInElse}, or have an administrator exclude the account from the policy.`
const device = `This grant cannot prove a device. ${signInElse} on such a device, or have an administrator exclude the account from the policy.`
const policy =
  'This grant can never satisfy it. An administrator finds the policy in Sign-in logs > {this sign-in} > Conditional Access, and can exclude the account; else use device code or interactive sign-in from where it allows them.'

/** What went wrong in a change of a password. The numbers without a name are not in Microsoft's list. */
const passwordChanges: Readonly<Record<number, readonly [name: string, why: string]>> = {
  120000: ['PasswordChangeIncorrectCurrentPassword', 'the current password was wrong'],
  120001: ['', 'no reason is published'],
  120002: ['PasswordChangeInvalidNewPasswordWeak', 'the new one is too weak'],
  120003: ['PasswordChangeInvalidNewPasswordContainsMemberName', 'the new one contains the name of the user'],
  120004: ['PasswordChangeOnPremComplexity', 'the new one is not complex enough for Active Directory'],
  120005: ['PasswordChangeOnPremSuccessCloudFail', 'Active Directory has the new one, Entra does not'],
  120006: ['', 'no reason is published'],
  120007: ['', 'no reason is published'],
  120008: ['PasswordChangeAsyncJobStateTerminated', 'the job was terminated'],
  120009: ['', 'no reason is published'],
  120010: ['', 'no reason is published'],
  120011: ['PasswordChangeAsyncUpnInferenceFailed', 'the user principal name could not be told'],
  120012: ['PasswordChangeNeedsToHappenOnPrem', 'it must be done in Active Directory'],
  120013: ['PasswordChangeOnPremisesConnectivityFailure', 'Active Directory could not be reached'],
  120014: [
    'PasswordChangeOnPremUserAccountLockedOutOrDisabled',
    'the account is locked or disabled in Active Directory',
  ],
  120015: ['PasswordChangeADAdminActionRequired', 'an administrator of Active Directory must act'],
  120016: ['PasswordChangeUserNotFoundBySspr', 'the reset service does not find the user'],
  120017: ['', 'no reason is published'],
  120018: ['PasswordChangePasswordDoesnotComplyFuzzyPolicy', 'the new one is on the list of banned passwords'],
  120019: ['', 'no reason is published'],
  120020: ['PasswordChangeFailure', 'no reason is given'],
  120021: ['PartnerServiceSsprInternalServiceError', 'the reset service failed'],
}

function passwordChangeNumbers(): Readonly<Record<number, Advice>> {
  return Object.fromEntries(
    Object.entries(passwordChanges).map(([number, [name, why]]) => [
      number,
      advice(
        'account_state',
        name,
        `a change of the password failed: ${why}`,
        'It belongs to changing a password in a browser, which this grant is not. If it comes here all the same, let the user change the password at https://aka.ms/sspr or in Active Directory, then sign in again.',
        name === '' ? 'reported' : 'published',
      ),
    ]),
  )
}

/** AADSTS numbers about the account: its credentials and state, and what a policy wants beyond the password. */
export const accountNumbers: Readonly<Record<number, Advice>> = {
  // Credentials and account state
  50034: advice(
    'credential',
    'UserAccountNotFound',
    'there is no such user in this tenant',
    'Check the user name for typing errors, and the tenant of the authority: it must be the one the user belongs to. A user of another tenant must be invited as a guest.',
  ),
  50053: advice(
    'account_state',
    'IdsLocked',
    'the account is locked after too many bad attempts, or the address of this machine is blocked',
    'Wait, and stop whatever retries meanwhile: each attempt prolongs it. Sign-in logs > {this sign-in} > Failure reason says which of the two; the threshold is in Authentication methods > Password protection.',
  ),
  50055: advice(
    'account_state',
    'InvalidPasswordExpiredPassword',
    'the password has expired',
    'This grant cannot change it. The user changes it in a browser (https://aka.ms/sspr), or an administrator resets it; then sign in again.',
  ),
  50056: advice(
    'account_state',
    '',
    'no password is stored for this user in Entra',
    'Give the user a password. A federated user signs in through the federation server (leave flow at "auto"), or needs password hash sync; a user without a password (passkey, FIDO2) cannot use this grant.',
  ),
  50057: advice(
    'account_state',
    'UserDisabled',
    'the account is disabled',
    'An administrator enables it: Users > {user} > Properties > Account enabled, or in Active Directory (Enable-ADAccount) where the account is synchronised from.',
  ),
  50058: advice(
    'interaction_required',
    'UserInformationNotProvided',
    'there is no session for a silent sign-in in a browser',
    'It belongs to single sign-on in a browser, which this grant is not. Sign in with user name and password, and check what changes requests on their way.',
  ),
  50059: advice(
    'request',
    'MissingTenantRealmAndNoUserInformationProvided',
    'neither the request nor the user name tells the tenant',
    'Use the full user principal name (name@domain), and put the tenant id or a verified domain into the authority.',
  ),
  50064: advice(
    'credential',
    'CredentialAuthenticationError',
    'the user name or password could not be validated',
    `Check both. ${triedOnce}`,
  ),
  50126: advice(
    'credential',
    'InvalidUserNameOrPassword',
    'user name or password is wrong',
    `${triedOnce} App passwords are not accepted here. A federated user without password hash sync gets this too when sent straight to Entra: let realm discovery run (flow "auto"), or synchronise hashes and allow them by a Home Realm Discovery policy (AllowCloudPasswordValidation).`,
  ),
  50128: advice(
    'request',
    'InvalidDomainName',
    'the domain of the user name belongs to no tenant',
    'Check the part after the "@" for typing errors: it must be a verified domain of the tenant (Entra admin center > Domain names), often not the e-mail domain.',
  ),
  50132: advice(
    'credential',
    'SsoArtifactInvalidOrExpired',
    'the password was changed or has expired since the token was issued',
    again,
  ),
  50133: advice(
    'credential',
    'SsoArtifactRevoked',
    'the session was revoked, since the password was changed or has expired',
    again,
  ),
  50135: advice(
    'account_state',
    'PasswordChangeCompromisedPassword',
    'the password must be changed, since the account is at risk',
    'This grant cannot change it. The user changes it in a browser (https://aka.ms/sspr), or an administrator resets it and dismisses the risk in ID Protection > Risky users; then sign in again.',
  ),
  50144: advice(
    'account_state',
    'InvalidPasswordExpiredOnPremPassword',
    'the password has expired in Active Directory',
    'This grant cannot change it. The user changes it on a domain-joined machine, or an administrator resets it (Set-ADAccountPassword); then sign in again.',
  ),
  50173: advice(
    'credential',
    'FreshTokenNeeded',
    'the tokens of the user were revoked, for instance by a password change',
    again,
  ),
  50197: advice(
    'credential',
    'ConflictingIdentities',
    'the user could not be told apart from another',
    'Use the user principal name as it stands under Users > {user} (not an alias or e-mail address). If it stays, an administrator looks for two objects that share it.',
  ),
  50020: advice(
    'account_state',
    'UserUnauthorized',
    'the user belongs to another tenant or is a personal account, and is no guest here',
    'Put the user’s own tenant into the authority, or invite the user as a guest. Personal Microsoft accounts cannot use this grant at all: use device code or interactive sign-in.',
  ),
  50014: advice('account_state', 'GuestUserInPendingState', 'the guest has not accepted the invitation', guest),
  51004: advice('account_state', 'UserAccountNotInDirectory', 'the account is not in this directory', guest),
  50177: advice(
    'interaction_required',
    'ExternalChallengeNotSupportedForPassthroughUsers',
    'a policy demands an external challenge, which users of another tenant cannot meet here',
    'This grant cannot either. Sign this user in with device code or interactively in the home tenant, or have an administrator exclude the account.',
  ),
  50178: advice(
    'tenant_policy',
    'SessionControlNotSupportedForPassthroughUsers',
    'a policy demands session control, which users of another tenant cannot meet here',
    'This grant cannot meet it. Sign the user in at the home tenant, or have an administrator exclude guests from the session control of the Conditional Access policy.',
  ),
  500208: advice(
    'request',
    '',
    'this kind of account signs in at another host',
    'Local accounts of Entra External ID sign in at https://{name}.ciamlogin.com/, those of B2C at https://{name}.b2clogin.com/, work accounts at login.microsoftonline.com: correct the authority.',
  ),
  500212: advice(
    'tenant_policy',
    'NotAllowedByOutboundPolicyTenant',
    'the user’s own tenant does not let the user into this one',
    'An administrator of the user’s tenant allows it: External Identities > Cross-tenant access settings > Outbound access.',
  ),
  500213: advice(
    'tenant_policy',
    'NotAllowedByInboundPolicyTenant',
    'this tenant does not let users of the other one in',
    'An administrator of this tenant allows it: External Identities > Cross-tenant access settings > Inbound access. Or sign the user in at the tenant the user belongs to.',
  ),
  500021: advice(
    'tenant_policy',
    '',
    'a proxy of this network restricts which tenants may be used, and this one is not listed',
    'The header Restrict-Access-To-Tenants is added on the way. The network administrator lists the tenant, or the call is made from another network.',
  ),
  500022: advice(
    'tenant_policy',
    '',
    'the tenant restrictions of this network do not allow this tenant',
    'The header Restrict-Access-To-Tenants or sec-Restrict-Tenant-Access-Policy is added on the way. The network administrator lists the tenant, or the call is made from another network.',
  ),
  90072: advice(
    'federation',
    'PassThroughUserMfaError',
    'the user of the federation server is not found in this tenant',
    'If the user is synchronised, the ImmutableID in the assertion differs from the one in Entra: compare the sourceAnchor of Entra Connect with the AD FS claim rule (objectGUID or ms-DS-ConsistencyGuid). Else invite the user as a guest.',
  ),
  90020: advice(
    'federation',
    '',
    'the SAML 1.1 assertion lacks the ImmutableID of the user',
    'An AD FS administrator restores the claim rules of the relying party "Microsoft Office 365 Identity Platform", so that they issue ImmutableID and UPN; Entra Connect does it: Manage federation > Reset Microsoft Entra ID trust.',
  ),
  ...passwordChangeNumbers(),

  // Multifactor authentication, Conditional Access, risk: a device, a place, no suspicion
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
    'This grant can never do that. An administrator looks into ID Protection > Risky users; then the user registers in a browser, and signs in with device code or interactively.',
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
    'An administrator of the home tenant looks into ID Protection > Risky users, and dismisses the risk or resets the password; then sign in again.',
  ),
  530034: advice(
    'tenant_policy',
    'DelegatedAdminBlockedDueToSuspiciousActivity',
    'a delegated administrator is blocked for a risk in the home tenant',
    'An administrator of the home tenant looks into ID Protection > Risky users. Delegated administrators should not use this grant: sign in interactively.',
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
