// Many processes that write to one Redis, against what is built: `node test/durability/redis-nightly.js`, some minutes. Prints
// a line for each row. `--short` is part of every test run; `--port` names a server to use, which is emptied for each row.
import { parseArgs } from 'node:util'
import { hasRedisServer, lostWrites, openStore, runWriters, startRedis } from './redis-writers.js'

const options = { short: { type: 'boolean', default: false }, port: { type: 'string' } }
const { short, port: givenPort } = parseArgs({ options }).values

const rows = short
  ? [
      {
        what: '4 processes × 30 sign-ins of 5 users, 1 killed',
        kind: 'sign-in',
        processes: 4,
        count: 30,
        users: 5,
        kills: 1,
      },
    ]
  : [
      { what: '4 processes × 300 entities of one user', kind: 'entity', processes: 4, count: 300, users: 1 },
      { what: '16 processes × 1,000 sign-ins of 200 users', kind: 'sign-in', processes: 16, count: 1_000, users: 200 },
      {
        what: '16 processes × 1,000 sign-ins of 200 users, 8 killed',
        kind: 'sign-in',
        processes: 16,
        count: 1_000,
        users: 200,
        kills: 8,
      },
    ]

if (givenPort === undefined && !hasRedisServer) {
  for (const { what } of rows) console.log(`SKIP  ${what}: there is no redis-server`)
} else {
  const server = givenPort === undefined ? await startRedis() : { port: Number(givenPort), stop: () => undefined }
  let failed = 0
  try {
    for (const row of rows) if (!(await runRow(server.port, row))) failed++
  } finally {
    server.stop()
  }
  console.log(`${rows.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

async function runRow(port, { what, kills = 0, ...row }) {
  const { client, close } = await openStore(port)
  await client.flushAll()
  close()
  const start = performance.now()
  const writers = await runWriters({ ...row, port, kills })
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  const complaints = writers.flatMap((writer) => writer.complaints)
  const lost = await lostWrites({ port, kind: row.kind }, writers)
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)
  const isComplete = kills > 0 || row.kind !== 'entity' || acknowledged === row.processes * row.count
  const isOk = lost.length === 0 && complaints.length === 0 && isComplete
  console.log(`${isOk ? 'PASS' : 'FAIL'}  ${what}: ${lost.length} lost of ${acknowledged} last writes, ${seconds} s`)
  for (const line of [...lost, ...complaints].slice(0, 10)) console.log(`      ${line}`)
  return isOk
}
