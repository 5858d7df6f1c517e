import { SaxesParser } from 'saxes'
import { Secret } from '../../dist/index.js'
import { buildSecurityTokenRequest } from '../../dist/wstrust.js'

const addressing = 'http://www.w3.org/2005/08/addressing'
const wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'

/** What may differ between a peer's RST and ours. Anything else is a failure. */
const listed = [
  {
    what: 'blanks between elements',
    covers: ({ kind }) => kind === 'blanks',
  },
  {
    what: 'messageID in the wrong case',
    covers: ({ kind, peer, ours }) =>
      kind === 'name' && peer === `{${addressing}}messageID` && ours === `{${addressing}}MessageID`,
  },
  {
    what: 'milliseconds in the timestamp',
    covers: ({ kind, path, peer, ours }) =>
      kind === 'text' && /\/Timestamp\/(Created|Expires)$/.test(path) && peer.replace(/\.\d{3}Z$/, 'Z') === ours,
  },
  {
    what: "the Timestamp's wsu:Id",
    covers: ({ kind, path, peer, ours }) =>
      kind === `attribute {${wsu}}Id` && path.endsWith('/Timestamp') && peer !== undefined && ours !== undefined,
  },
  {
    // WS-I Basic Security Profile 1.1, R4201: a password must say its type. Without one it means the same.
    what: "the Password's Type, which we name",
    covers: ({ kind, path, peer, ours }) =>
      kind === 'attribute {}Type' &&
      path.endsWith('/Password') &&
      peer === undefined &&
      ours?.endsWith('#PasswordText'),
  },
  {
    what: "the UsernameToken's wsu:Id",
    covers: ({ kind, path, peer, ours }) =>
      kind === `attribute {${wsu}}Id` && path.endsWith('/UsernameToken') && peer !== undefined && ours !== undefined,
  },
]

/**
 * Compares a peer's RST with the one we build for the same endpoint, user, instant and message id.
 *
 * @param theirs The request as it came: `headers` (lower-case names) and `body`.
 * @returns The listed differences, in words. Throws for any other.
 */
export function compareRequests(theirs, { username, password, version }) {
  const endpoint = { version, url: textOf(theirs.body, 'To') }
  const at = Math.floor(Date.parse(textOf(theirs.body, 'Created')) / 1000)
  const messageId = textOf(theirs.body, 'MessageID').replace('urn:uuid:', '')
  const build = (appliesTo) =>
    buildSecurityTokenRequest({ endpoint, username, password: new Secret(password), appliesTo }, at, messageId)

  const ours = build('urn:federation:MicrosoftOnline')
  const found = compareMessages(theirs.body, ours.body)
  const headers = ['content-type', 'soapaction'].filter((name) => ours.headers[name] !== theirs.headers[name])
  const unlisted = [...found.unlisted, ...headers.map((name) => `${name} is ${theirs.headers[name]} there`)]
  if (unlisted.length > 0) throw new Error(unlisted.join('; '))
  // A comparison that sees nothing would pass as well.
  const { unlisted: planted } = compareMessages(theirs.body, build('urn:another').body)
  if (planted.length !== 1) throw new Error('the comparison does not see another audience')
  return found.listed.length === 0 ? 'equal' : `equal but for: ${found.listed.join(', ')}`
}

/**
 * Compares two messages element for element: names and attributes by namespace, not by prefix; text as it is; order of
 * elements, not of attributes.
 *
 * @returns `listed`: the known differences found; `unlisted`: the others, in words, without the password.
 */
function compareMessages(peerXml, ourXml) {
  const found = differences(readTree(peerXml), readTree(ourXml), '')
  const rulesFor = (difference) => listed.filter(({ covers }) => covers(difference))
  const covered = new Set(found.flatMap(rulesFor).map(({ what }) => what))
  const unlisted = found.filter((difference) => rulesFor(difference).length === 0).map(inWords)
  return { listed: [...covered], unlisted }
}

/** The text of the first element with this local name, whatever its case and namespace. */
function textOf(xml, localName) {
  const find = (node) => {
    if (node.local.toLowerCase() === localName.toLowerCase()) return node.text
    return node.children.map(find).find((text) => text !== undefined)
  }
  return find(readTree(xml))
}

/** A reader of its own: the comparison must not rest on the code that it checks. */
function readTree(xml) {
  const parser = new SaxesParser({ xmlns: true })
  const document = { children: [], text: '', hasBlanks: false }
  const open = [document]
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ uri, local, attributes }) => {
    const own = Object.values(attributes).filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'))
    const node = {
      local,
      name: `{${uri}}${local}`,
      attributes: new Map(own.map((attribute) => [`{${attribute.uri}}${attribute.local}`, attribute.value])),
      children: [],
      text: '',
      hasBlanks: false,
    }
    open.at(-1).children.push(node)
    open.push(node)
  })
  parser.on('text', (text) => {
    open.at(-1).text += text
  })
  parser.on('closetag', () => dropBlanks(open.pop()))
  parser.write(xml).close()
  return document.children[0]
}

/** White space beside child elements is layout; the text of an element without children is content, blanks and all. */
function dropBlanks(node) {
  if (node.children.length === 0 || node.text === '' || node.text.trim() !== '') return
  node.hasBlanks = true
  node.text = ''
}

function differences(peer, ours, above) {
  const path = `${above}/${ours.local}`
  const found = []
  const compare = (kind, left, right) => {
    if (left !== right) found.push({ kind, path, peer: left, ours: right })
  }
  compare('name', peer.name, ours.name)
  compare('blanks', peer.hasBlanks, ours.hasBlanks)
  compare('text', peer.text, ours.text)
  for (const name of new Set([...peer.attributes.keys(), ...ours.attributes.keys()])) {
    compare(`attribute ${name}`, peer.attributes.get(name), ours.attributes.get(name))
  }
  compare('number of children', peer.children.length, ours.children.length)
  const pairs = ours.children.slice(0, peer.children.length)
  return [...found, ...pairs.flatMap((child, index) => differences(peer.children[index], child, path))]
}

function inWords({ kind, path, peer, ours }) {
  return path.endsWith('/Password') ? `${path}: ${kind}` : `${path}: ${kind} is ${peer} there and ${ours} here`
}
