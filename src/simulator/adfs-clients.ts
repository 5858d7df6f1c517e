/**
 * What a farm's OAuth endpoint can do. `2012R2`: no passwords. `2016`: `resource` names the API. `2019`: `resource`, or
 * the API inside a scope.
 */
export type FarmLevel = '2012R2' | '2016' | '2019'

/** A client of the farm itself, as `Add-AdfsNativeClientApplication` or `Add-AdfsServerApplication` makes it. */
export interface AdfsClient {
  /** Any text; AD FS proposes a GUID. */
  readonly clientId: string
  readonly displayName: string
  /** Makes it a server application, which must prove itself. */
  readonly secret?: string
  /** PEM; likewise. AD FS wants RS256 and the SHA-1 `x5t`. */
  readonly certificates?: readonly string[]
  /** Identifiers of the APIs it may call; all of them when absent. */
  readonly permitted?: readonly string[]
}

/** What a token is for when a 2019 farm is asked for none. */
export const userInfo = 'urn:microsoft:userinfo'

export function demoAdfsClients(): readonly AdfsClient[] {
  return [
    { clientId: '6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d', displayName: 'Demo native application' },
    {
      clientId: '7b8c9d0e-1f2a-4b3c-9d4e-5f6a7b8c9d0e',
      displayName: 'Demo server application',
      secret: 'f4rm+s3cr:et/%',
    },
    {
      clientId: '8c9d0e1f-2a3b-4c4d-ae5f-6a7b8c9d0e1f',
      displayName: 'Demo application without permission',
      permitted: [],
    },
  ]
}

export const demoAdfsApis: readonly string[] = ['https://api.contoso.example', 'api://farm-api']
