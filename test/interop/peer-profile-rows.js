import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { parseAuthority } from '../../dist/protocol.js'
import { predictPeer } from '../../dist/trace/peers.js'
import { expect, row } from './report.js'
import { clients, signInByPeer } from './rows.js'
import { startSimulator } from './simulators.js'

/** The profile of each client, by its name in the rows. */
const profiles = {
  'MSAL Node': 'msal-node',
  'ADAL Node': 'adal-node',
  'MSAL Python': 'msal-python',
  'ADAL Python': 'adal-python',
  'MSAL Java': 'msal-java',
  'MSAL Go': 'msal-go',
}

const fixture = (name) => readFileSync(new URL(`../../fixtures/mex/${name}.xml`, import.meta.url), 'utf8')
const document = (name) => ({ name, mex: () => ({ body: fixture(name) }) })
const edited = (name, what, edit) => ({ name: what, mex: () => ({ body: edit(fixture(name)) }) })
const without2005Port = (xml) => xml.replace(/ {4}<wsdl:port name="\w+Feb2005Async"[\s\S]*?<\/wsdl:port>/, '')
const mexFails = { status: 404, body: 'Not Found' }
const realmWith = (name, edit, others = {}) => ({ name, realm: edit, ...others })

/** Each: what the simulator answers in place of its own realm answer and MEX document, and who signs in. */
const scenarios = [
  { name: 'both versions' },
  document('adfs-2019'),
  document('only-2005'),
  edited('issue-only', 'only 1.3', without2005Port),
  document('several-13'),
  document('several-13-reversed'),
  document('insecure-port-first'),
  document('action-unknown'),
  document('no-username-policy'),
  document('no-transport-binding'),
  document('soap-wrapped'),
  document('address-newlines'),
  document('truncated'),
  document('other-host'),
  { name: 'MEX 404', mex: () => mexFails },
  { name: 'SAML 2.0', username: 'saml2@fed.contoso.example' },
  { name: 'user name with "#"', username: 'fred_x#EXT#@fed.contoso.example' },
  { name: 'user name with "&"', username: 'fred&co@fed.contoso.example' },
  realmWith('no MEX address', ({ federation_metadata_url: _, ...rest }) => rest),
  realmWith('lower-case account type', (answer) => ({ ...answer, account_type: 'federated' })),
  realmWith('other federation protocol', (answer) => ({ ...answer, federation_protocol: 'WSFed' })),
  realmWith('no audience', ({ cloud_audience_urn: _, ...rest }) => rest),
  realmWith('active URL 1.3, MEX 404', active('/13/usernamemixed'), { mex: () => mexFails }),
  realmWith('active URL unusual, no MEX address', ({ federation_metadata_url: _, ...rest }) =>
    active('/other/user')(rest),
  ),
]

function active(path) {
  return (answer) => ({
    ...answer,
    federation_active_auth_url: answer.federation_active_auth_url.replace(/\/2005\/usernamemixed$/, path),
  })
}

/** Rows in which every client signs in at servers that answer differently, and its profile says where the password goes. */
export async function peerProfileRows(peers, folder) {
  const farm = await startFarm(folder)
  try {
    for (const client of clients) {
      const peer = peers[client.peer]
      const label = `${client.name} ${peer.version ?? ''}`.trim()
      const cells = { client: label, user: 'several', path: 'where the password goes, as its profile says' }
      await row({ ...cells, needs: { [client.peer]: peer } }, async () => {
        const wrong = []
        // MSAL Node asks for no MEX document.
        const own = scenarios.filter(({ mex }) => mex === undefined || client.name !== 'MSAL Node')
        for (const scenario of own) {
          const difference = await compare(client, profiles[client.name], scenario, farm)
          if (difference !== undefined) wrong.push(`${scenario.name}: ${difference}`)
        }
        expect(wrong.length === 0, wrong.join('; '))
        return `${own.length} predictions hold`
      })
    }
  } finally {
    await farm.close()
  }
}

/** @returns What differs; nothing if the client does what its profile says. */
async function compare(client, profile, scenario, farm) {
  farm.begin(scenario)
  const username = scenario.username ?? 'fred@fed.contoso.example'
  const known = farm.simulator.users.find((user) => user.username === username)
  const outcome = await signInByPeer(client, farm, { username, password: known?.password ?? 'no such user' })
  const authority = parseAuthority(farm.running.authority, 'entra')
  const { realm, mex, posts } = farm.seen
  // A client that asked for no realm, or for somebody else's, is predicted from what the user's own domain would answer.
  const input = { realm: realm ?? farm.ownRealm(username), username, authority, ...(mex === undefined ? {} : { mex }) }
  const { path, endpoint, failure } = predictPeer(profile, input)
  const said = path === 'fails' ? 'nowhere' : [endpoint.url, endpoint.version].filter(Boolean).join(', ')
  const saw = [...new Set(posts)].join(' and ') || 'nowhere'
  if (said !== saw) return `said ${said}, saw ${saw} (${outcome.error})`
  if (failure !== undefined && outcome.ok) return `said it fails at ${failure.step}, and it signed in`
  return undefined
}

/** A simulator that answers as a scenario says and notes where passwords arrive, with and without TLS. */
async function startFarm(folder) {
  let scenario = {}
  let seen = { posts: [] }
  const at = await startSimulator(folder, ['2005', '1.3'], {
    realm(_, response) {
      const answer = JSON.parse(response.body)
      const own = answer.account_type === 'Federated' ? (scenario.realm?.(answer) ?? answer) : answer
      seen.realm = own
      return { ...response, body: JSON.stringify(own) }
    },
    mex(_, response) {
      const { status, body } = { ...response, ...scenario.mex?.() }
      seen.mex = { status, body: placed(body) }
      return { ...response, ...seen.mex }
    },
    wstrust: (request) => note(request),
    other: (request) => note(request),
    token(request) {
      const { origin, pathname } = new URL(request.url)
      if (new URLSearchParams(request.body).get('grant_type') === 'password') seen.posts.push(`${origin}${pathname}`)
      return undefined
    },
  })
  const plain = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    note({ method: request.method, url: `${plainOrigin}${request.url}`, body })
    response.writeHead(404).end()
  })
  await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const plainOrigin = `http://127.0.0.1:${plain.address().port}`

  function note({ method, url, body = '' }) {
    if (method !== 'POST' || !body.includes('Password>')) return undefined
    const version = body.includes('http://docs.oasis-open.org/ws-sx/ws-trust/200512') ? '1.3' : '2005'
    seen.posts.push(`${url}, ${version}`)
    return undefined
  }

  /** The hosts of the fixtures, at this run's addresses; the farm has a second name. */
  function placed(text) {
    const { adfsOrigin } = at.running
    return text
      .replaceAll('https://sts.contoso.example', adfsOrigin)
      .replaceAll('http://sts.contoso.example', plainOrigin)
      .replaceAll('https://sts2.contoso.example', adfsOrigin.replace('127.0.0.1', 'localhost'))
  }

  return {
    ...at,
    get seen() {
      return seen
    },
    begin(next) {
      scenario = next
      seen = { posts: [] }
    },
    ownRealm: (username) => ({ accountType: username.includes('@fed.') ? 'federated' : 'managed', cloudAudience: '' }),
    async close() {
      await at.running.close()
      await new Promise((resolve) => plain.close(resolve))
    },
  }
}
