import { createUndiciTransport } from '../../src/transport/undici-transport.ts'
import { transportContract } from '../contract/transport.ts'
import { phasesContract } from './phases.ts'

transportContract('the undici transport', createUndiciTransport, { ownsConnections: true })
phasesContract('the undici transport', createUndiciTransport, { ownsConnections: true })
