// The web door's socket: who may open one, what it carries, and what ends it.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { sessionMs } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import {
  newsOfOne,
  folder,
  door,
  lab,
  knock,
  page,
  enter,
  origin,
  openSocket,
  next,
  closed,
  clock,
  start,
  openDoor,
} from './bench.ts'

openDoor()

describe('the socket', () => {
  it('carries a request, its reply, and news', async () => {
    await start({ createStudy: async (name) => ({ id: 's1', name }) as never })
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    socket.send(JSON.stringify({ id: 7, name: 'createStudy', args: ['Ladders'] }))
    expect(await next(socket)).toEqual({ id: 7, reply: { ok: true, value: { id: 's1', name: 'Ladders' } } })
    lab.tell('studyDeleted', { studyId: 's1' })
    expect(await next(socket)).toEqual({ news: 'studyDeleted', value: { studyId: 's1' } })
    socket.close()
    await closed(socket)
    await expect.poll(() => lab.listeners()).toBe(0)
  })

  it('is refused to other pages, other names, and those without a session', async () => {
    const cookie = await enter()
    await expect(openSocket({ cookie })).rejects.toThrow('403')
    await expect(openSocket({ cookie, origin: 'https://evil.example' })).rejects.toThrow('403')
    await expect(openSocket({ cookie, origin: 'null' })).rejects.toThrow('403')
    await expect(openSocket({ cookie, origin: 'http://127.0.0.1:1' })).rejects.toThrow('403')
    await expect(openSocket({ cookie, origin: 'http://evil.example', host: 'evil.example' })).rejects.toThrow('421')
    await expect(openSocket({ origin: origin() })).rejects.toThrow('401')
    await expect(openSocket({ origin: origin(), cookie: cookie.slice(0, -2) })).rejects.toThrow('401')
    await expect(openSocket({ cookie, origin: origin() }, '/other')).rejects.toThrow('404')
    await expect(openSocket({ origin: origin() }, '/lab' + new URL(door.newUrl()).search)).rejects.toThrow('401')
  })

  it('takes the key of the page beside the cookie, which every port of the machine is shown', async () => {
    const cookie = await enter()
    const first = page.key
    for (const protocols of [[], ['isoflop'], ['isoflop', 'key.'], ['isoflop', 'key.guess'], ['key']])
      await expect(openSocket({ cookie, origin: origin() }, '/lab', protocols)).rejects.toThrow('401')
    const other = await enter()
    await expect(openSocket({ cookie, origin: origin() })).rejects.toThrow('401')
    const socket = await openSocket({ cookie: other, origin: origin() })
    expect(socket.protocol).toBe('isoflop')
    socket.terminate()
    page.key = first
    ;(await openSocket({ cookie, origin: origin() })).terminate()
  })

  it('is for a day after the last use; a line that is open keeps the session', async () => {
    const cookie = await enter()
    const socket = await openSocket({ cookie, origin: origin() })
    clock.nowMs += 3 * sessionMs
    ;(await openSocket({ cookie, origin: origin() })).terminate()
    socket.terminate()
    clock.nowMs += sessionMs - 1
    await expect.poll(async () => (await knock('/', { headers: { cookie } })).status).toBe(200)
    clock.nowMs += sessionMs
    await expect.poll(async () => (await knock('/', { headers: { cookie } })).status).toBe(401)
    await expect(openSocket({ cookie, origin: origin() })).rejects.toThrow('401')
  })

  it('answers whatever JSON it is sent, and goes on', async () => {
    await start({ listCorpora: async () => [] })
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    for (const name of [
      '{"toString":1}',
      '{"toString":1,"valueOf":1}',
      deep(50),
      '{"toJSON":"x"}',
      '"__proto__"',
      '1e999',
    ]) {
      for (const args of ['[]', '{}', name]) {
        socket.send(`{"id":9007199254740991,"name":${name},"args":${args}}`)
        expect(await next(socket), name).toMatchObject({
          id: 9007199254740991,
          reply: { ok: false, code: 'bad-input' },
        })
      }
    }
    socket.send('{"id":1,"name":"listCorpora","args":[]}')
    expect(await next(socket)).toEqual({ id: 1, reply: { ok: true, value: [] } })
    socket.terminate()
  })

  it('says so when an answer cannot be sent, and stays open', async () => {
    const answers: unknown[] = [['x'.repeat(3000)], [10n], []]
    await start({ listCorpora: async () => answers.shift() as never }, { maxAnswerLength: 2000 })
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    for (const reply of [
      { ok: false, code: 'too-large' },
      { ok: false, code: 'failed' },
      { ok: true, value: [] },
    ]) {
      socket.send('{"id":1,"name":"listCorpora","args":[]}')
      expect(await next(socket)).toMatchObject({ id: 1, reply })
    }
    socket.terminate()
  })

  it('asks the person about a path that the page names by itself, where somebody can be asked', async () => {
    const asked: string[] = []
    const agree = async (paths: readonly string[]) => {
      asked.push(...paths)
      return paths[0] === '/mine'
    }
    await start({ addCorpus: async () => ({ id: 'c' }) as never }, {}, { agree })
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    for (const [path, isTaken] of [
      ['/secret', false],
      ['/mine', true],
      [join(folder, 'uploads/1/a.txt'), true],
    ] as const) {
      socket.send(JSON.stringify({ id: 1, name: 'addCorpus', args: [[path], 'x'] }))
      expect(await next(socket), path).toMatchObject({ reply: { ok: isTaken } })
    }
    expect(asked).toEqual(['/secret', '/mine'])
    socket.terminate()
  })

  it('opens a bounded number of times in one session', async () => {
    await start({}, { maxSocketsOfSession: 2 })
    const cookie = await enter()
    const sockets = [await openSocket({ cookie, origin: origin() }), await openSocket({ cookie, origin: origin() })]
    await expect(openSocket({ cookie, origin: origin() })).rejects.toThrow('429')
    sockets[0].terminate()
    await expect.poll(() => lab.listeners()).toBe(newsOfOne)
    sockets.push(await openSocket({ cookie, origin: origin() }))
    for (const socket of sockets) socket.terminate()
  })

  it('answers failures as plain data, and names it does not know with a sentence', async () => {
    await start({
      about: async () => ({ home: folder }) as never,
      settings: async () => {
        throw new Fault('conflict', 'Not now.')
      },
    })
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    socket.send(JSON.stringify({ id: 1, name: 'settings', args: [] }))
    expect(await next(socket)).toEqual({ id: 1, reply: { ok: false, code: 'conflict', message: 'Not now.' } })
    for (const name of ['close', 'listen', 'isTraining', 'constructor', '__proto__', 'toString', 5, null]) {
      socket.send(JSON.stringify({ id: 2, name, args: [] }))
      expect(await next(socket), String(name)).toMatchObject({ reply: { ok: false, code: 'bad-input' } })
    }
    socket.send(JSON.stringify({ id: 3, name: 'settings', args: { length: 0 } }))
    expect(await next(socket)).toMatchObject({ reply: { ok: false, code: 'bad-input' } })
    socket.terminate()
  })

  it('is closed on what is not a request, and on what is too large', async () => {
    await start({}, { maxRequestBytes: 2000 })
    const cookie = await enter()
    for (const [sent, code] of [
      ['{', 1007],
      ['[]', 1007],
      ['{"id":"1"}', 1007],
      ['null', 1007],
      [Buffer.from('{"id":1}'), 1007],
      [`{"id":1,"name":"about","args":${'['.repeat(500)}${']'.repeat(500)}}`, 1007],
      ['x'.repeat(3000), 1009],
    ] as const) {
      const socket = await openSocket({ cookie, origin: origin() })
      socket.send(sent)
      expect(await closed(socket), String(sent).slice(0, 20)).toBe(code)
    }
  })

  it('takes a bounded number of requests at once', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((done) => (release = done))
    await start(
      {
        machine: async () => {
          await gate
          return {} as never
        },
      },
      { maxWaiting: 2 },
    )
    const socket = await openSocket({ cookie: await enter(), origin: origin() })
    for (const id of [1, 2, 3]) socket.send(JSON.stringify({ id, name: 'machine', args: [] }))
    expect(await next(socket)).toMatchObject({ id: 3, reply: { ok: false, code: 'conflict' } })
    release()
    expect(await next(socket)).toMatchObject({ id: 1, reply: { ok: true } })
    socket.terminate()
  })

  it('cuts the line of a browser that does not read, instead of keeping its news for ever', async () => {
    await start({}, { maxUnsentBytes: 200_000 })
    const cookie = await enter()
    const reader = await openSocket({ cookie, origin: origin() })
    const socket = await openSocket({ cookie, origin: origin() })
    socket.pause()
    const heavy = { id: 's', name: 'x'.repeat(100_000) } as never
    for (let sent = 0; sent < 400 && lab.listeners() > newsOfOne; sent++) {
      lab.tell('study', heavy)
      await new Promise((done) => setTimeout(done, 1))
    }
    await expect.poll(() => lab.listeners()).toBe(newsOfOne)
    expect(reader.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
    reader.terminate()
  })
})
