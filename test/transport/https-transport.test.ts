import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { transportContract } from '../contract/transport.ts'
import { phasesContract } from './phases.ts'

transportContract('the https transport', createHttpsTransport, { ownsConnections: true })
phasesContract('the https transport', createHttpsTransport, { ownsConnections: true })
