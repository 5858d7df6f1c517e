import { Agent, fetch } from 'undici'
import { createFetchTransport } from '../../src/transport/fetch-transport.ts'
import { type MakeTransport, transportContract } from '../contract/transport.ts'
import { phasesContract } from './phases.ts'

/** Node's own `fetch` takes a CA from the environment only; undici's is the same code and takes a dispatcher. */
const make: MakeTransport = ({ ca, totalTimeoutMs }) => {
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca: [...ca].length > 0 ? (ca as string) : [] } })
  const given = ((input: string, init: object) => fetch(input, { ...init, dispatcher })) as typeof globalThis.fetch
  const send = createFetchTransport(given, totalTimeoutMs === undefined ? {} : { totalTimeoutMs })
  return Object.assign(send.bind(undefined), {
    close: async () => {
      await send.close()
      await dispatcher.destroy()
    },
  })
}

transportContract('the fetch transport', make, { ownsConnections: false })
phasesContract('the fetch transport', make, { ownsConnections: false })
