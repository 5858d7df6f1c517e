import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'redis'

/** Whether there is a redis-server to test against. */
export const hasRedisServer: boolean = spawnSync('redis-server', ['--version']).status === 0

export interface RedisServer {
  readonly port: number
  /** Runs commands of an administrator. */
  admin(...command: string[]): Promise<unknown>
  stop(): Promise<void>
}

/** Starts a server on loopback that keeps nothing on disk. `cluster` makes it a cluster of this one node. */
export async function startRedisServer({ cluster = false }: { cluster?: boolean } = {}): Promise<RedisServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'ropc-redis-'))
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'warning', '--dir', folder]
  const clustered = cluster
    ? [
        '--cluster-enabled',
        'yes',
        '--cluster-announce-ip',
        '127.0.0.1',
        '--cluster-port',
        String(await freePort()),
        '--cluster-config-file',
        `${port}.conf`,
      ]
    : []
  const child = spawn('redis-server', ['--port', String(port), ...settings, ...clustered], { stdio: 'ignore' })
  // Nothing may be left running, however the tests end.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const admin = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 20 } })
  admin.on('error', () => undefined)
  await admin.connect()
  if (cluster) {
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    while (!String(await admin.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok')) await delay(20)
  }
  return {
    port,
    admin: (...command) => admin.sendCommand(command),
    async stop() {
      admin.destroy()
      process.off('exit', kill)
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
