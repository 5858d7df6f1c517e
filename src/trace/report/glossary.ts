import type { Step } from '../../errors.ts'
import type { Run } from '../runs.ts'
import { type Content, link, markup } from './markup.ts'

/** A word that whoever knows OAuth need not know, and where it is defined. */
interface Term {
  readonly name: string
  readonly meaning: string
  readonly source?: string
}

/** By the step that speaks of them, in the order of a sign-in. */
const terms: readonly { readonly step: Step; readonly words: readonly Term[] }[] = [
  {
    step: 'realm',
    words: [
      {
        name: 'User realm',
        meaning:
          'What Entra answers to whoever asks how the users of a domain sign in: which server judges their passwords, and where it is described.',
      },
      {
        name: 'Federation server',
        meaning:
          'A server, AD FS mostly, that judges the passwords of its users in the place of Entra. Their domain is called federated; one whose passwords Entra judges is managed.',
        source: 'https://learn.microsoft.com/entra/identity/hybrid/connect/whatis-fed',
      },
    ],
  },
  {
    step: 'mex',
    words: [
      {
        name: 'MEX',
        meaning:
          'Metadata exchange: the XML document in which a federation server lists its endpoints (ports). The policy of each says what it takes, such as a password, a certificate or a Kerberos ticket; its binding, which protocol it speaks.',
        source: 'https://www.w3.org/TR/ws-metadata-exchange/',
      },
    ],
  },
  {
    step: 'wstrust',
    words: [
      {
        name: 'WS-Trust',
        meaning:
          'The protocol by which a federation server takes a user name and password, in a SOAP message through TLS, and gives a signed token for them. 1.3 is the OASIS standard, 2005 the draft before it. It refuses with a SOAP fault.',
        source: 'https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html',
      },
      {
        name: 'SAML assertion',
        meaning:
          'That token: an XML document that says who the user is, signed by the federation server. The token endpoint of Entra takes it as a grant, and need not see the password.',
        source: 'https://www.rfc-editor.org/rfc/rfc7522.html',
      },
    ],
  },
]

/** The words that a run needs and OAuth does not have; nothing where it needs none. */
export function renderGlossary({ steps }: Run): Content {
  const seen = steps.map((step) =>
    'kind' in step ? step.request.step : step.type === 'decision' ? step.step : undefined,
  )
  const needed = terms.flatMap(({ step, words }) => (seen.includes(step) ? words : []))
  return (
    needed.length > 0 &&
    markup`<details class="alternative"><summary>Words that OAuth does not have</summary><dl class="words">${needed.map(
      ({ name, meaning, source }) =>
        markup`<div><dt>${name}</dt><dd>${meaning}${source !== undefined && markup` ${link(source, markup`source<span class="hidden"> of ${name}</span>`)}`}</dd></div>`,
    )}</dl></details>`
  )
}
