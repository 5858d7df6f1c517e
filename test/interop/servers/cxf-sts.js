import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../child.js'
import { installed } from '../install.js'
import { buildProject } from '../maven.js'
import { alice } from './identities.js'
import { freePort, startServer } from './server-process.js'

const project = fileURLToPath(new URL('./cxf-sts', import.meta.url))
const sources = ['src/main/java/interop/Sts.java', 'src/main/resources/sts.wsdl']
const built = `${installed}cxf-sts`

/** Apache CXF's security token service, embedded: WS-Trust 1.3, user name and password over TLS. */
export const cxfSts = {
  name: 'Apache CXF STS',
  install,
  start,
}

async function install() {
  const missing = await buildProject(project, sources, built)
  const [, version] = /<cxf\.version>(.*)<\/cxf\.version>/.exec(readFileSync(`${project}/pom.xml`, 'utf8'))
  return missing === undefined ? { version } : { missing }
}

async function start(_peer, folder) {
  const port = await freePort()
  const storePassword = randomUUID()
  const [tls, signing] = await Promise.all(['tls', 'signing'].map((name) => createStore(folder, name, storePassword)))
  const audiences = { 1.1: 'urn:federation:MicrosoftOnline', '2.0': 'urn:interop:saml2' }
  const job = {
    ...alice,
    audienceOfSaml11: audiences['1.1'],
    audienceOfSaml20: audiences['2.0'],
    port,
    signingStore: signing.file,
    storePassword,
    tlsStore: tls.file,
  }
  const url = `https://localhost:${port}`
  const { pid, stop } = await startServer({
    name: 'cxf-sts',
    command: 'java',
    args: ['-Xmx256m', '-cp', `${built}/classes:${built}/lib/*`, 'interop.Sts'],
    input: Object.entries(job)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    folder,
    isReady: async () => /^ready$/m.test(readFileSync(join(folder, 'cxf-sts.log'), 'utf8')),
    timeoutMs: 60_000,
  })
  return {
    pid,
    stop,
    user: alice,
    audiences,
    /** As AD FS takes a request, and as CXF does unless told otherwise: with the Basic Security Profile. */
    endpoints: { lenient: `${url}/sts`, strict: `${url}/sts-basic-security-profile` },
    ca: tls.certificatePem,
    signingCertificatePem: signing.certificatePem,
  }
}

async function createStore(folder, name, password) {
  const file = join(folder, `${name}.p12`)
  const store = ['-alias', 'key', '-storetype', 'PKCS12', '-keystore', file, '-storepass:env', 'STORE_PASSWORD']
  const subject = ['-dname', `CN=${name}`, '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2']
  const { PATH } = process.env
  const keytool = async (...args) => {
    const { code, stdout } = await run('keytool', args, { env: { PATH, STORE_PASSWORD: password } })
    if (code !== 0) throw new Error(`keytool ended with ${code}: ${stdout.trim().slice(0, 200)}`)
    return stdout
  }
  await keytool('-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...subject, ...store)
  return { file, certificatePem: await keytool('-exportcert', '-rfc', ...store) }
}
