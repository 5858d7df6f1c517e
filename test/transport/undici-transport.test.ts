import { Agent, type Dispatcher } from 'undici'
import { expect, it, vi } from 'vitest'
import { createUndiciTransport } from '../../src/transport/undici-transport.ts'
import { credentialRequest, failureOf, transportContract } from '../contract/transport.ts'
import { phasesContract } from './phases.ts'

transportContract('the undici transport', createUndiciTransport, { ownsConnections: true })
phasesContract('the undici transport', createUndiciTransport, { ownsConnections: true })

it('stops a request that undici starts anew on another connection: a credential goes out once', async () => {
  const controllers = [vi.fn(), vi.fn()].map((abort) => ({ abort }) as unknown as Dispatcher.DispatchController)
  const dispatch = vi.spyOn(Agent.prototype, 'dispatch').mockImplementation((_, handler) => {
    for (const controller of controllers) handler.onRequestStart?.(controller, undefined)
    return true
  })
  const send = createUndiciTransport()
  expect((await failureOf(send(credentialRequest('https://sts.contoso.test')))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
  expect(controllers[1]?.abort).toHaveBeenCalled()
  dispatch.mockRestore()
  await send.close()
})
