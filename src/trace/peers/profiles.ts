import type { AuthorityKind } from '../../protocol/authority.ts'
import type { WsTrustVersion } from '../../wstrust/namespaces.ts'
import { readAsAdalNode, readAsAdalPython, readAsMsalJava } from './adal-family.ts'
import type { PeerRule } from './deviations.ts'
import type { MexReading, PeerDocument } from './mex-reading.ts'
import { readAsMsalDotnet } from './msal-dotnet.ts'
import { readAsMsalGo } from './msal-go.ts'
import { readAsMsalPython } from './msal-python.ts'
import {
  type JudgeRealm,
  judgeAsAdalNode,
  judgeAsAdalPython,
  judgeAsMsalDotnet,
  judgeAsMsalGo,
  judgeAsMsalJava,
  judgeAsMsalPython,
} from './realm-judgement.ts'
import { versionByCharacter, versionBySubstring } from './wstrust-version.ts'

/** A library whose password flow is known here. */
export type PeerName =
  | 'msal-node'
  | 'msal-python'
  | 'adal-node'
  | 'adal-python'
  | 'msal-dotnet'
  | 'msal-java'
  | 'msal-go'

/** How one library signs a user in with a password. */
export interface PeerProfile {
  readonly name: string
  /** The releases that it describes. */
  readonly releases: string
  /** `run`: these releases were seen to do it. `source`: read in their source only. */
  readonly basis: 'run' | 'source'
  /** Token endpoints of Entra: v1 (`/oauth2/token`) or v2. */
  readonly tokenEndpoint: 'v1' | 'v2'
  /** Absent for a library that knows no federation. */
  readonly federation?: {
    /** Asks for the realm of users of these authorities. */
    readonly asks: (kind: AuthorityKind) => boolean
    /** What it does when an authority that is not Entra has no realm page. */
    readonly withoutRealm: 'managed' | 'fails'
    /** Characters that end the user name in the realm URL. */
    readonly nameEndsAt?: RegExp
    readonly judgeRealm: JudgeRealm
    /** The HTTP statuses it takes a MEX document with. */
    readonly accepts: (status: number) => boolean
    /** Reads a document that is not quite XML all the same. */
    readonly lenient?: true
    readonly readMex: (document: PeerDocument) => MexReading
    /** Absent for a library that does not use the active URL of the realm answer. */
    readonly activeUrl?: {
      /** Whatever is wrong with MEX, or only when there is no MEX address. */
      readonly when: 'mex-fails' | 'no-mex-address'
      /** The version it speaks there. */
      readonly versionOf: (url: string) => WsTrustVersion | undefined
      readonly rule: PeerRule
    }
    /** How it writes the user name into the request, unless escaped. */
    readonly username?: 'unescaped' | 'unescaped-formerly'
    readonly dropsQuery: boolean
  }
}

const notAdfs = (kind: AuthorityKind): boolean => kind !== 'adfs'
const entraOnly = (kind: AuthorityKind): boolean => kind === 'entra'
const twoHundreds = (status: number): boolean => status >= 200 && status < 300

export const profiles: Readonly<Record<PeerName, PeerProfile>> = {
  'msal-node': { name: 'MSAL Node', releases: '7.2', basis: 'run', tokenEndpoint: 'v2' },
  'msal-python': {
    name: 'MSAL Python',
    releases: '1.21 to 1.39',
    basis: 'run',
    tokenEndpoint: 'v2',
    federation: {
      asks: notAdfs,
      withoutRealm: 'managed',
      nameEndsAt: /[#?]/,
      judgeRealm: judgeAsMsalPython,
      accepts: (status) => status < 400,
      readMex: readAsMsalPython,
      activeUrl: { when: 'no-mex-address', versionOf: versionBySubstring, rule: 'peer.wstrust.version-by-substring' },
      username: 'unescaped-formerly',
      dropsQuery: false,
    },
  },
  'adal-node': {
    name: 'ADAL Node',
    releases: '0.2',
    basis: 'run',
    tokenEndpoint: 'v1',
    federation: {
      asks: notAdfs,
      withoutRealm: 'fails',
      judgeRealm: judgeAsAdalNode,
      accepts: twoHundreds,
      lenient: true,
      readMex: readAsAdalNode,
      activeUrl: { when: 'mex-fails', versionOf: versionByCharacter, rule: 'peer.wstrust.version-by-character' },
      username: 'unescaped',
      dropsQuery: false,
    },
  },
  'adal-python': {
    name: 'ADAL Python',
    releases: '1.2',
    basis: 'run',
    tokenEndpoint: 'v1',
    federation: {
      asks: notAdfs,
      withoutRealm: 'fails',
      judgeRealm: judgeAsAdalPython,
      accepts: twoHundreds,
      readMex: readAsAdalPython,
      activeUrl: { when: 'mex-fails', versionOf: versionBySubstring, rule: 'peer.wstrust.version-by-substring' },
      username: 'unescaped',
      dropsQuery: false,
    },
  },
  'msal-dotnet': {
    name: 'MSAL .NET',
    releases: '4.87',
    basis: 'source',
    tokenEndpoint: 'v2',
    federation: {
      asks: entraOnly,
      withoutRealm: 'managed',
      nameEndsAt: /[#?]/,
      judgeRealm: judgeAsMsalDotnet,
      accepts: (status) => status === 200,
      readMex: readAsMsalDotnet,
      dropsQuery: false,
    },
  },
  'msal-java': {
    name: 'MSAL Java',
    releases: '1.26',
    basis: 'run',
    tokenEndpoint: 'v2',
    federation: {
      asks: entraOnly,
      withoutRealm: 'managed',
      nameEndsAt: /[#?]/,
      judgeRealm: judgeAsMsalJava,
      accepts: (status) => status === 200,
      readMex: readAsMsalJava,
      dropsQuery: false,
    },
  },
  'msal-go': {
    name: 'MSAL Go',
    releases: '1.10',
    basis: 'run',
    tokenEndpoint: 'v2',
    federation: {
      asks: notAdfs,
      withoutRealm: 'fails',
      judgeRealm: judgeAsMsalGo,
      accepts: (status) => status === 200 || status === 201,
      readMex: readAsMsalGo,
      dropsQuery: true,
    },
  },
}
