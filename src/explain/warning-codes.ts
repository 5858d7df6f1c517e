/** One `code` of a warning. */
export interface WarningEntry {
  /** What was noticed, in one sentence without a full stop. */
  readonly meaning: string
  /** What to do about it; whole sentences. */
  readonly remedy: string
}

/** How to be rid of a warning that one has understood. */
export function howToSilence(code: string): string {
  return `To silence it: --suppress-warning ${code} on the command line, suppressWarnings: ['${code}'] for a client.`
}

/** Every warning of the client, the stores and the command. */
export const warningCodes: Readonly<Record<string, WarningEntry>> = {
  ROPC_BCP: {
    meaning: 'RFC 9700 §2.4 forbids the password grant for new designs, and Microsoft deprecates it',
    remedy:
      'Prefer a device code, authorization code with PKCE, a broker, managed identity, workload identity federation or a certificate.',
  },
  ROPC_MFA: {
    meaning: 'The password grant cannot do multifactor authentication or satisfy Conditional Access',
    remedy:
      'The account must be excluded from such policies, or the call will fail. Azure Resource Manager demands multifactor authentication of every user: use a workload identity there.',
  },
  ROPC_PRIVILEGED: {
    meaning:
      'The scopes look administrative: Azure Resource Manager, Directory.*, RoleManagement.*, or all of Graph by .default',
    remedy: 'Ask for the permissions the program needs and no more, or give it an identity of its own.',
  },
  ROPC_COMMON: {
    meaning: 'The authority names no tenant',
    remedy: 'Put the tenant id or a verified domain in place of "organizations"; "common" and "consumers" are refused.',
  },
  ROPC_FEDERATED_PLAINTEXT: {
    meaning: 'The password goes to the federation server that the user’s domain names, not to Entra',
    remedy:
      'Check that the host in the message is yours. "ropc token --dry-run" says where it would go, and sends nothing.',
  },
  ROPC_SECRET_IN_ARGV: {
    meaning: 'A secret stands on the command line, where other users, logs and the shell’s history can see it',
    remedy: 'Use --password-stdin, --password-file FILE or the prompt, and change what was shown.',
  },
  ROPC_SECRET_IN_ENV: {
    meaning: 'A secret comes from an environment variable, which stays readable in /proc and in crash reports',
    remedy: 'Prefer --password-stdin or --password-file FILE.',
  },
  ROPC_LOCKOUT: {
    meaning: 'The server refused the user name and password; repeated attempts lock the account and raise alerts',
    remedy: 'Correct the password before the next call. Do not put sign-ins into a retry loop.',
  },
  B2C_EOS: {
    meaning: 'Azure AD B2C is closed to new customers',
    remedy: 'Plan for External ID; its sign-in by password is native authentication.',
  },
  CACHE_PLAINTEXT: {
    meaning: 'Tokens are kept on disk unencrypted: whoever can read the file can use them',
    remedy: 'Leave out --plaintext, or wrap the store in encryptedStore(store, keychainKey).',
  },
  CACHE_MODE: {
    meaning: 'The cache file could be read by others; its mode was set to 0600, or could not be',
    remedy:
      'Find out which program made it readable. Sign the users out and in again if others have accounts on the machine.',
  },
  CACHE_CORRUPT: {
    meaning: 'A file of the cache is spoiled; it was set aside and a new one begun',
    remedy: 'Its users sign in again. Remove the file that was set aside when nobody needs it.',
  },
  TRACE_SENSITIVE: {
    meaning: 'A trace, HAR or recording was written with details that are not for sharing',
    remedy: 'Keep it to yourself, or write it at the share level.',
  },
  USERNAME_BLANKS: {
    meaning: 'The user name begins or ends with a blank; it was sent as it is',
    remedy: 'Remove the blank, which was probably copied along.',
  },
  PASSWORD_BLANKS: {
    meaning: 'The password begins or ends with a blank, which Entra does not accept; it was sent as it is',
    remedy: 'Remove the blank if it was copied along; otherwise change the password.',
  },
  MEX_FALLBACK: {
    meaning: 'The federation server’s metadata (MEX) could not be had; the endpoint that Entra has on file was used',
    remedy:
      'Make the metadata URL reachable, or pass its document as the option mex; "ropc doctor UPN" shows what is in the way.',
  },
  INSTANCE_DISCOVERY: {
    meaning: 'The worldwide cloud could not be asked about the host of the authority; it was taken as it is',
    remedy: 'List the host in knownAuthorities if it is right, and nobody is asked.',
  },
  CIAM_UNDOCUMENTED: {
    meaning: 'Microsoft does not document this grant for External ID; it is tried all the same',
    remedy: 'Prefer native authentication, which External ID has for sign-ins by password.',
  },
  NO_ACCESS_TOKEN: {
    meaning: 'The answer has no access token, as B2C gives none when no API was asked for',
    remedy: 'Ask for a scope of an API, or for the application’s own id.',
  },
  ID_TOKEN_TIME: {
    meaning: 'A time in the id_token is off by more than five minutes: a clock is wrong',
    remedy: 'Set the clock of this machine; "ropc doctor UPN" compares it with the servers’.',
  },
  NO_ACCOUNT: {
    meaning: 'The answer names no user, so nothing was cached and no silent call can follow',
    remedy: 'Ask for the scope openid, which brings an id_token.',
  },
  NOT_A_FORM: {
    meaning:
      'The program of the archive sent its token request as JSON or multipart, or in the URL; token endpoints read forms only',
    remedy:
      'Send the fields in the body as application/x-www-form-urlencoded (RFC 6749 §4.3.2). What was in a URL is in logs: change that password.',
  },
  STORE_FAILED: {
    meaning: 'The token store failed; the token was returned all the same and was not kept',
    remedy: 'Mend the store: the message has its code. The next call will ask for the password again.',
  },
}
