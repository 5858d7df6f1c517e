import { answerAsFarm, type FarmContext } from './adfs.ts'
import { answerAsB2c } from './b2c.ts'
import type { B2cContext } from './b2c-context.ts'
import { createSigningCertificate, type SigningKeys } from './certificates.ts'
import { ciamIssuerOrigin, ciamWorld } from './ciam-directory.ts'
import { createDeviceCodes, type DeviceCodes } from './device-codes.ts'
import type { EntraContext } from './directory.ts'
import { answerAsEntra } from './entra.ts'
import type { Answer, SimulatorRequest } from './journal.ts'
import type { Libraries } from './libraries.ts'
import type { Place, Places } from './listen.ts'
import { answerAsOidc, type OidcContext } from './oidc.ts'
import type { ResolvedOptions } from './options.ts'
import { createRefreshTokens, type RefreshTokens } from './refresh-tokens.ts'
import { createTokenSigner, type TokenSigner } from './tokens.ts'
import { worldOfFarm } from './world.ts'

/** The servers of one simulator. */
export interface Servers {
  answer(place: Place, request: SimulatorRequest): Promise<Answer>
  /** The first farm's token-signing certificate. */
  readonly adfsCertificate: string
  readonly refreshTokens: readonly Pick<RefreshTokens, 'revoke'>[]
  /** Who can approve a device where. */
  readonly devices: readonly {
    readonly deviceCodes: DeviceCodes
    readonly users: readonly { readonly username: string }[]
  }[]
}

/**
 * Creates what answers at each place.
 *
 * @param origins They change when the simulator starts to listen.
 */
export async function createServers(
  own: ResolvedOptions,
  loading: Promise<Libraries>,
  origins: () => Places,
): Promise<Servers> {
  const farmHosts = [undefined, ...own.world.farms.map(({ host }) => host)]
  // On other threads while the libraries load.
  const keys = Promise.all([own.keysOf('entra'), ...farmHosts.map((host) => own.keysOf(farmPlace(host)))])
  const libraries = await loading
  const [entraKeys, ...farmKeys] = await keys
  const held = (): Pick<EntraContext, 'refreshTokens' | 'deviceCodes'> => ({
    refreshTokens: createRefreshTokens(own.newId),
    deviceCodes: createDeviceCodes(own.now, own.newId),
  })
  const farms = await Promise.all(
    farmHosts.map(async (name, index): Promise<FarmContext & { readonly name: string | undefined }> => {
      const keysOfFarm = farmKeys[index] as SigningKeys
      const host = name ?? own.hosts.adfs
      const origin = (): string => origins()[farmPlace(name)] ?? ''
      return {
        ...own,
        ...held(),
        name,
        world: own.world.farms.length === 0 ? own.world : worldOfFarm(own.world, name),
        libraries,
        certificate: await createSigningCertificate(libraries, keysOfFarm, host, own.now(), own.serialNumber),
        issuer: `http://${host}/adfs/services/trust`,
        signer: await createTokenSigner(keysOfFarm),
        origin,
        hosts: () => [host, new URL(origin()).host],
      }
    }),
  )
  const entra: EntraContext = {
    ...own,
    ...held(),
    libraries,
    signer: await createTokenSigner(entraKeys),
    farms: farms.map(({ name: host, issuer, certificate: { certificatePem }, origin }) => ({
      host,
      issuer,
      certificatePem,
      origin,
    })),
    origin: () => origins().entra,
    issuerOrigin: () => origins().entra,
  }
  const b2c: B2cContext = {
    ...own,
    directory: own.world.b2c,
    signer: lazySigner(() => own.keysOf('b2c')),
    refreshTokens: createRefreshTokens(own.newId),
    origin: () => origins().b2c,
    label: firstLabel(own.hosts.b2c),
  }
  const oidc: OidcContext = {
    ...own,
    provider: own.world.oidc,
    signer: lazySigner(() => own.keysOf('oidc')),
    refreshTokens: createRefreshTokens(own.newId),
    deviceCodes: createDeviceCodes(own.now, own.newId),
    origin: () => origins().oidc,
  }
  const ciamSigner = lazySigner(() => own.keysOf('ciam'))
  const ciam: Omit<EntraContext, 'signer'> = {
    ...entra,
    ...held(),
    world: ciamWorld(own.world, firstLabel(own.hosts.ciam)),
    origin: () => origins().ciam,
    issuerOrigin: () => ciamIssuerOrigin(origins().ciam, own.world.ciam.id),
  }
  const farmAt = new Map(farms.map((farm) => [farmPlace(farm.name), farm]))
  return {
    async answer(place, request) {
      const farm = farmAt.get(place)
      if (farm !== undefined) return answerAsFarm(farm, request)
      if (place === 'b2c') return answerAsB2c(b2c, request)
      if (place === 'ciam') return answerAsEntra({ ...ciam, signer: await ciamSigner() }, request)
      if (place === 'oidc') return answerAsOidc(oidc, request)
      return answerAsEntra(entra, request)
    },
    adfsCertificate: farms[0]?.certificate.certificatePem ?? '',
    refreshTokens: [entra, ...farms, b2c, ciam, oidc].map(({ refreshTokens }) => refreshTokens),
    devices: [
      ...[entra, ...farms, ciam].map(({ deviceCodes, world: { users } }) => ({ deviceCodes, users })),
      { deviceCodes: oidc.deviceCodes, users: oidc.provider.users },
    ],
  }
}

function farmPlace(host: string | undefined): Place {
  return host === undefined ? 'adfs' : `adfs@${host}`
}

/** RSA keys cost a fifth of a second: those of the less common sides are made when they are first asked for. */
function lazySigner(keys: () => Promise<SigningKeys>): () => Promise<TokenSigner> {
  let signer: Promise<TokenSigner> | undefined
  return () => {
    signer ??= keys().then(createTokenSigner)
    return signer
  }
}

/** What Microsoft's clouds name a directory of customers by. */
export function firstLabel(host: string): string {
  return host.split('.')[0] ?? host
}
