import { aadb2c } from '../../src/protocol/aadb2c.ts'
import { aadsts } from '../../src/protocol/aadsts.ts'
import type { Advice } from '../../src/protocol/advice.ts'
import { msis } from '../../src/protocol/msis.ts'
import type { Simulator } from '../../src/simulator.ts'
import { adfsFaults, soapFaultCodes } from '../../src/wstrust/adfs-faults.ts'

/** A user of the simulator who is refused with one code of the catalogue. */
export interface RefusedUser {
  readonly code: string
  readonly advice: Advice
  readonly side: 'entra' | 'adfs' | 'b2c'
  readonly username: string
  readonly password: string
}

const passwords: Readonly<Record<string, string>> = {
  'contoso.example': 'Pa$$w0rd+&=é',
  'fed.contoso.example': `S3cret+&=<>%"'`,
  'customer.example': 'B2c+Pass=w0rd',
}

/** Each code of the catalogue, with the user who is refused with it. */
export const everyRefusal: readonly RefusedUser[] = [
  ...Object.entries(aadsts).map(([number, advice]) => refused('entra', `AADSTS${number}`, advice, 'contoso.example')),
  ...Object.entries({ ...adfsFaults, ...soapFaultCodes }).map(([code, advice]) =>
    refused('entra', code, advice, 'fed.contoso.example'),
  ),
  ...Object.entries(msis).map(([code, advice]) => refused('adfs', code, advice, 'fed.contoso.example')),
  ...Object.entries(aadb2c).map(([code, advice]) => refused('b2c', code, advice, 'customer.example')),
]

function refused(side: RefusedUser['side'], code: string, advice: Advice, domain: string): RefusedUser {
  return { side, code, advice, username: `${code.toLowerCase()}@${domain}`, password: passwords[domain] ?? '' }
}

/** The options of a client of one side of the simulator, and the scopes it asks for. */
export function clientOf(
  { apps, authorities }: Pick<Simulator, 'apps' | 'authorities'>,
  side: RefusedUser['side'],
): { readonly options: { clientId: string; authority: string; authorityKind: RefusedUser['side'] }; scopes: string[] } {
  const clientId = apps.find(({ authority, secret }) => authority === side && secret === undefined)?.clientId ?? ''
  const scopes = { entra: ['User.Read'], adfs: ['openid'], b2c: [clientId] }[side]
  return { options: { clientId, authority: authorities[side], authorityKind: side }, scopes }
}
