// @vitest-environment happy-dom
// The window's only door: plain copies out, Faults in, and a line that may be cut.
import { reactive } from 'vue'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { guard } from '#renderer/bridge.ts'
import { connect } from '#renderer/web-bridge.ts'
import { Fault } from '#shared/fault.ts'
import type { LabBridge } from '#shared/lab-bridge.ts'
import { createFakeLab } from './support/fake-lab.ts'

describe('behind preload', () => {
  it('a Vue proxy is sent as plain data', async () => {
    const fake = createFakeLab()
    await guard(fake).request('updateSettings', reactive({ theme: 'dark' as const }))
    expect(fake.asked[0]).toEqual({ name: 'updateSettings', args: [{ theme: 'dark' }] })
  })

  it('a failure that crossed as plain data is thrown as the Fault it was', async () => {
    const preload = {
      request: async () => ({ ok: false, code: 'damaged', message: 'The file ends early.', details: 'at 12' }),
      listen: () => () => {},
      door: {},
    } as unknown as LabBridge
    const failure = await guard(preload)
      .request('about')
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Fault)
    expect(failure).toMatchObject({ code: 'damaged', message: 'The file ends early.', details: 'at 12' })
  })

  it('a value that crossed in a Reply is unwrapped', async () => {
    const preload = {
      request: async () => ({ ok: true, value: 42 }),
      listen: () => () => {},
      door: {},
    } as unknown as LabBridge
    expect(await guard(preload).request('about')).toBe(42)
  })
})

class FakeSocket {
  readyState = 0
  sent: { id: number; name: string; args: unknown[] }[] = []
  onopen?: () => void
  onclose?: () => void
  onmessage?: (event: { data: string }) => void
  send(text: string) {
    this.sent.push(JSON.parse(text) as never)
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  say(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  cut() {
    this.readyState = 3
    this.onclose?.()
  }
}

describe('over a WebSocket', () => {
  const sockets: FakeSocket[] = []
  const open = () => {
    const socket = new FakeSocket()
    sockets.push(socket)
    return socket as unknown as WebSocket
  }
  beforeEach(() => {
    vi.useFakeTimers()
    sockets.length = 0
  })
  const start = () => connect(open, async () => '/uploaded')

  it('what is asked before the line stands is sent when it does', async () => {
    const bridge = start()
    const answer = bridge.request('createStudy', 'mine')
    expect(sockets[0].sent).toEqual([])
    sockets[0].open()
    expect(sockets[0].sent).toEqual([{ id: 1, name: 'createStudy', args: ['mine'] }])
    sockets[0].say({ id: 1, reply: { ok: true, value: { id: 's' } } })
    expect(await answer).toEqual({ id: 's' })
  })

  it('answers find their question in any order, and refusals are Faults', async () => {
    const bridge = start()
    sockets[0].open()
    const [one, two] = [bridge.request('about'), bridge.request('settings').catch((error: unknown) => error)]
    sockets[0].say({ id: 2, reply: { ok: false, code: 'conflict', message: 'Busy.' } })
    sockets[0].say({ id: 1, reply: { ok: true, value: 'first' } })
    expect(await one).toBe('first')
    expect(await two).toMatchObject({ code: 'conflict', message: 'Busy.' })
  })

  it('news reach who listens, until they stop', () => {
    const bridge = start()
    const heard: unknown[] = []
    const stop = bridge.listen('settings', (news) => heard.push(news))
    sockets[0].say({ news: 'settings', value: { theme: 'dark' } })
    sockets[0].say({ news: 'machine', value: {} })
    stop()
    sockets[0].say({ news: 'settings', value: { theme: 'light' } })
    expect(heard).toEqual([{ theme: 'dark' }])
  })

  it('a cut line fails what was under way, says so, and comes back by itself', async () => {
    const bridge = start()
    sockets[0].open()
    const states: boolean[] = []
    bridge.door.connection!.listen((isConnected) => states.push(isConnected))
    const lost = bridge.request('about').catch((error: unknown) => error)
    sockets[0].cut()
    expect(await lost).toMatchObject({ code: 'unavailable' })
    expect(await bridge.request('about').catch((error: unknown) => error)).toMatchObject({ code: 'unavailable' })
    await vi.advanceTimersByTimeAsync(400)
    sockets[1].cut() // the lab is still away: it waits longer
    await vi.advanceTimersByTimeAsync(500)
    expect(sockets).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(200)
    sockets[2].open()
    expect(states).toEqual([false, false, true])
    const again = bridge.request('about')
    sockets[2].say({ id: sockets[2].sent[0].id, reply: { ok: true, value: 'back' } })
    expect(await again).toBe('back')
  })
})
