import type { SoapFaultFacts } from '../errors.ts'
import { soap11, soap12 } from './namespaces.ts'
import { childrenNamed, leafText, type XmlDocument, type XmlElement } from './xml-element.ts'

/** The SOAP error body: local names of code and innermost subcode, the reason, and the AD FS number at its head. */
export type SoapFault = SoapFaultFacts

/**
 * Finds the fault of a SOAP message, 1.1 or 1.2. A fault without a reason or subcode is still a fault, and a field
 * split by a comment or an element counts as absent.
 *
 * @returns `undefined` when there is no `Fault` in the `Body`.
 * @see {@link https://www.w3.org/TR/soap12-part1/#soapfault SOAP 1.2 §5.4},
 * {@link https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383507 SOAP 1.1 §4.4}
 */
export function parseSoapFault({ root }: XmlDocument): SoapFault | undefined {
  for (const namespace of [soap12, soap11]) {
    const fault = root.children
      .filter(({ uri, local }) => uri === root.uri && local === 'Body')
      .flatMap((body) => childrenNamed(body, namespace, 'Fault'))[0]
    if (fault !== undefined) return namespace === soap12 ? readFault12(fault) : readFault11(fault)
  }
  return undefined
}

function readFault12(fault: XmlElement): SoapFault {
  const code = childrenNamed(fault, soap12, 'Code')[0]
  let subcode: string | undefined
  for (let at = code; at !== undefined; at = childrenNamed(at, soap12, 'Subcode')[0]) {
    if (at !== code) subcode = localName(leafText(childrenNamed(at, soap12, 'Value')[0])) ?? subcode
  }
  const texts = childrenNamed(fault, soap12, 'Reason').flatMap((reason) => childrenNamed(reason, soap12, 'Text'))
  const english = texts.find(({ attributes }) =>
    attributes.some(({ name, value }) => name === 'xml:lang' && /^en/i.test(value)),
  )
  const value = code === undefined ? undefined : leafText(childrenNamed(code, soap12, 'Value')[0])
  return faultOf(localName(value), subcode, leafText(english ?? texts[0]))
}

/** SOAP 1.1 leaves `faultcode` and `faultstring` unqualified, and WS-Security puts its own code straight into the first. */
function readFault11(fault: XmlElement): SoapFault {
  return faultOf(
    localName(leafText(childrenNamed(fault, '', 'faultcode')[0])),
    undefined,
    leafText(childrenNamed(fault, '', 'faultstring')[0]),
  )
}

function faultOf(code: string | undefined, subcode: string | undefined, reason: string | undefined): SoapFault {
  const idCode = reason === undefined ? undefined : /^(?:ID|MSIS)\d{1,9}\b/.exec(reason)?.[0]
  return {
    faultCode: code ?? 'unknown',
    ...(subcode === undefined ? {} : { faultSubcode: subcode }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(idCode === undefined ? {} : { idCode }),
  }
}

function localName(qualified: string | undefined): string | undefined {
  const local = qualified?.split(':').at(-1)
  return local === '' ? undefined : local
}
