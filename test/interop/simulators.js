import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSimulator, demoWorld } from '../../dist/simulator.js'

/**
 * Starts a simulator on loopback whose farm offers these WS-Trust versions.
 *
 * Every RST is kept as it came, in memory only, to compare ours with; that hook changes no answer.
 *
 * @param folder For the CA's certificate: the children read it from a file.
 * @param faults Other hooks, in place of it.
 */
export async function startSimulator(folder, offer, faults) {
  const tokenRequests = []
  const keep = { wstrust: (request) => void tokenRequests.push(request) }
  const simulator = await createSimulator({ world: { farm: { ...demoWorld().farm, offer } }, faults: faults ?? keep })
  const running = await simulator.listen()
  const ca = join(folder, `ca-${new URL(running.authority).port}.pem`)
  writeFileSync(ca, running.ca)
  return { simulator, running, tokenRequests, env: childEnvironment(ca) }
}

/** Nothing of the caller's environment but where programs are: a proxy setting would lead the children away. */
function childEnvironment(ca) {
  const { PATH } = process.env
  return { PATH, LANG: 'C.UTF-8', NODE_EXTRA_CA_CERTS: ca, REQUESTS_CA_BUNDLE: ca, SSL_CERT_FILE: ca }
}
