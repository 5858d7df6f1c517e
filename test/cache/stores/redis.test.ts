import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import type { RedisClientLike } from '../../../src/cache/stores/redis-commands.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../../contract/redis-server.ts'
import { storeContract } from '../../contract/store.ts'

interface Connection {
  readonly client: RedisClientLike
  close(): void
}

const host = '127.0.0.1'
const connections: Readonly<Record<string, (port: number) => Promise<Connection>>> = {
  async redis(port) {
    const client = createClient({ socket: { host, port } })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async 'redis with RESP2'(port) {
    const client = createClient({ socket: { host, port }, RESP: 2 })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async 'redis with a key prefix that answers with maps and buffers'(port) {
    const client = createClient({ socket: { host, port }, keyPrefix: 'app[1]*:' })
    await client.connect()
    const typeMapping = { [RESP_TYPES.MAP]: Map, [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String }
    return { client: client.withTypeMapping(typeMapping), close: () => client.destroy() }
  },
  async 'redis with a pool'(port) {
    const client = createClientPool({ socket: { host, port } })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis(port) {
    const client = new Redis({ host, port })
    return { client, close: () => client.disconnect() }
  },
  async 'ioredis with a key prefix'(port) {
    const client = new Redis({ host, port, keyPrefix: 'app[1]*:' })
    return { client, close: () => client.disconnect() }
  },
}
const clusterConnections: typeof connections = {
  async redis(port) {
    const client = createCluster({ rootNodes: [{ socket: { host, port } }] })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis(port) {
    const client = new Cluster([{ host, port }])
    return { client, close: () => client.disconnect() }
  },
}

describe.each([
  { servers: 'one Redis', cluster: false, clients: connections },
  { servers: 'a Redis Cluster', cluster: true, clients: clusterConnections },
])('on $servers', { skip: !hasRedisServer }, ({ cluster, clients }) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer({ cluster })
  })
  afterAll(() => server.stop())

  for (const [name, connect] of Object.entries(clients)) {
    describe(`with a client of ${name}`, () => {
      let connection: Connection
      beforeAll(async () => {
        connection = await connect(server.port)
      })
      afterAll(() => connection.close())
      storeContract('a Redis store', async () => {
        await server.admin('FLUSHALL')
        return createRedisStore(connection.client)
      })
    })
  }
})
