import type { WsTrustVersion } from '../../wstrust/namespaces.ts'

/** As MSAL Python and ADAL Python tell the version of an endpoint that came without its SOAP action. */
export function versionBySubstring(url: string): WsTrustVersion | undefined {
  if (url.includes('/trust/2005/usernamemixed')) return '2005'
  return url.includes('/trust/13/usernamemixed') ? '1.3' : undefined
}

/** As ADAL Node does it, whose patterns are sets of characters by mistake. */
export function versionByCharacter(url: string): WsTrustVersion | undefined {
  if (/[025]/.test(url)) return '2005'
  return /[13]/.test(url) ? '1.3' : undefined
}
