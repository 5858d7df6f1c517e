// Replays every cassette with what was built, in plain Node and with sockets forbidden: npx -y node@24 test/replay/every-node.js
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { Socket } from 'node:net'

const forbidden = () => {
  throw new Error('a replay asked for the network')
}
Socket.prototype.connect = forbidden
dns.lookup = forbidden
globalThis.fetch = forbidden
process.removeAllListeners('warning')

const { createRopcClient } = await import('../../dist/index.js')
const { cassetteNames, repeatCalls, useCassette } = await import('../../dist/testing.js')

let failed = 0
for (const name of cassetteNames) {
  try {
    const { clientOptions, calls, assertExhausted } = useCassette(name)
    const client = createRopcClient(clientOptions)
    assert.deepEqual(
      await repeatCalls(client, calls),
      calls.map(({ outcome }) => outcome),
    )
    assertExhausted()
    await client.close()
  } catch (error) {
    failed++
    process.stderr.write(`${name}: ${error.stack}\n`)
  }
}
process.stdout.write(`Node ${process.versions.node}: ${cassetteNames.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && cassetteNames.length > 0 ? 0 : 1
