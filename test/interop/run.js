// `npm run test:interop`: other people's clients against our simulator, other people's messages against our code, token
// caches of other people's libraries, our client against other people's servers.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheRows } from './cache-rows.js'
import { cassetteRows } from './cassette-rows.js'
import { clientPeers } from './client-peers.js'
import { exampleRows } from './example-rows.js'
import { installPeers } from './install.js'
import { interceptorPeers, noEscapeRows } from './no-escape-rows.js'
import { peerProfileRows } from './peer-profile-rows.js'
import { hide, printHeading, results } from './report.js'
import { signInRows } from './rows.js'
import { createIssuer } from './saml-issuer.js'
import { serverRows } from './server-rows.js'
import { alice, clientSecret } from './servers/identities.js'
import { servers, startServers, stopServers } from './servers/index.js'
import { startSimulator } from './simulators.js'
import { requestRows, responseRows, simulatorRows } from './stranger-rows.js'
import { wsTrustServerRows } from './wstrust-server-rows.js'

const started = performance.now()
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
const folder = mkdtempSync(join(tmpdir(), 'ropc-interop-'))
const simulators = {}
let running = []
try {
  const peers = await installPeers([...servers, ...clientPeers, ...interceptorPeers])
  console.log(`peers in place after ${seconds()}`)
  // Some take their time; meanwhile, the clients sign in.
  running = startServers(peers, folder)
  simulators.both = await startSimulator(folder, ['2005', '1.3'])
  simulators.only2005 = await startSimulator(folder, ['2005'])
  hide(...simulators.both.simulator.users.map(({ password }) => password), alice.password, clientSecret)
  const issuer = await createIssuer()
  const { adfsCertificate } = simulators.both.simulator

  printHeading()
  const seen = await signInRows(peers, simulators)
  await requestRows(peers, simulators.both, seen)
  await peerProfileRows(peers, folder)
  await responseRows(peers, issuer, adfsCertificate)
  await exampleRows(peers)
  await noEscapeRows(peers)
  await cacheRows(peers, folder)
  await cassetteRows(peers, simulators.both, folder)
  await simulatorRows(peers, simulators, issuer.certificatePem)
  const wsTrust = running.at(-1)
  await serverRows(running.slice(0, -1))
  await wsTrustServerRows(wsTrust, peers.xmlsec1, issuer.certificatePem)
} finally {
  await stopServers(running)
  for (const simulator of Object.values(simulators)) await simulator.running.close()
  rmSync(folder, { recursive: true })
}

console.log(`done after ${seconds()}`)
const { passed, failed, skipped } = results
// A registry that is out of reach today is no defect: its rows are named above, and counted apart.
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0
