import type { Call } from './call.ts'

/** Says what people should know before they send a password: each once in a process, and none that was suppressed. */
export function adviseOnGrant(call: Call, scopes: readonly string[]): void {
  const { kind, tenant } = call.authority
  call.advise(
    'ROPC_BCP',
    'RFC 9700 §2.4 forbids the password grant for new designs, and Microsoft deprecates it: prefer device code, authorization code with PKCE, managed identity or client credentials',
  )
  if (kind === 'b2c') {
    call.advise(
      'B2C_EOS',
      'Azure AD B2C is not sold to new customers since May 2025, and supported until at least May 2030',
    )
  }
  if (kind !== 'entra') return
  const forAzure = scopes.some((scope) => /^https:\/\/management\.(core\.windows|azure)\./i.test(scope))
  call.advise(
    'ROPC_MFA',
    forAzure
      ? 'Microsoft demands multifactor authentication for changes in Azure since October 2025, which this grant cannot do: use a workload identity'
      : 'this grant cannot do multifactor authentication: where a policy or security defaults want it, the sign-in is refused',
  )
  if (tenant === 'organizations') {
    call.advise(
      'ROPC_COMMON',
      'the authority names no tenant: name it, so that a guest or a misspelt domain cannot change it',
    )
  }
  const privileged = scopes.find(isPrivileged)
  if (forAzure || privileged !== undefined) {
    call.advise(
      'ROPC_PRIVILEGED',
      'the scopes are an administrator’s: an administrator should not give a program the password; use an identity of the program’s own',
    )
  }
}

// `.default` stands for every permission that was ever granted to the application.
function isPrivileged(scope: string): boolean {
  return (
    /(^|\/)(Directory\.(ReadWrite|AccessAsUser)|RoleManagement\.ReadWrite)/i.test(scope) ||
    /^https:\/\/graph\.microsoft\.[a-z]+\/\.default$/i.test(scope)
  )
}
