// The web door, knocked on from outside: what gets in, and everything that must not.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { mostSessions, sessionMs } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'
import { newsKinds } from '#shared/lab-names.ts'
import { isOurHost } from '#main/doors/web/admission.ts'
import { startWebDoor, type WebDoor, type WebDoorOptions } from '#main/doors/web/door.ts'
import { scriptedLab, type ScriptedLab } from '../../../support/scripted-lab.ts'

/** Listeners that one window has in the lab. */
const newsOfOne = newsKinds.length

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

let folder: string
let door: WebDoor
let lab: ScriptedLab

/** Raw, so that Host, Origin and the path go over the wire exactly as written. */
function knock(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port: door.port, path, method, headers: { host: `127.0.0.1:${door.port}`, ...headers } },
      (response) => {
        let text = ''
        response
          .setEncoding('utf8')
          .on('data', (chunk) => (text += chunk))
          .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** The key of the page that entered last. */
let key: string

async function enter(): Promise<string> {
  const { search, searchParams } = new URL(door.newUrl())
  key = searchParams.get('token')!
  const { headers } = await knock(`/${search}`)
  return headers['set-cookie']![0].split(';')[0]
}

const origin = () => `http://127.0.0.1:${door.port}`

function openSocket(
  headers: Record<string, string>,
  path = '/lab',
  protocols = ['isoflop', `key.${key}`],
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, protocols, { headers })
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))))
    socket.on('error', reject)
  })
}

const next = (socket: WebSocket): Promise<any> =>
  new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))))
const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', (code) => resolve(code)))

let nowMs = 0

async function start(script: Partial<Lab> = {}, limits: WebDoorOptions['limits'] = {}): Promise<void> {
  await door?.close()
  lab = scriptedLab(folder, script)
  door = await startWebDoor({ lab, port: 0, rendererFolder: join(folder, 'window'), limits, nowMs: () => nowMs })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-web-'))
  mkdirSync(join(folder, 'window', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'window', 'index.html'), '<!doctype html><title>the window</title>')
  writeFileSync(join(folder, 'window', 'assets', 'app-1234.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'not for browsers')
  await start()
})

afterEach(async () => {
  await door.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the link', () => {
  it('opens one browser, once', async () => {
    const { search } = new URL(door.url)
    const first = await knock(`/${search}`)
    expect(first.status).toBe(200)
    expect(first.body).toContain('the window')
    const [cookie] = first.headers['set-cookie']!
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    const second = await knock(`/${search}`)
    expect(second.status).toBe(401)
    expect(second.headers['set-cookie']).toBeUndefined()
    expect((await knock('/', { headers: { cookie: cookie.split(';')[0] } })).status).toBe(200)
  })

  it('is worth nothing when its token is wrong, missing or older than the newest', async () => {
    const old = new URL(door.url).search
    const fresh = new URL(door.newUrl()).search
    for (const path of ['/', '/?token=', '/?token=guess', `/${old}`]) expect((await knock(path)).status).toBe(401)
    expect((await knock(`/${fresh}`)).status).toBe(200)
  })

  it('may be guessed a few times a minute', async () => {
    const { search } = new URL(door.url)
    for (let wrong = 1; wrong < 60; wrong++) expect((await knock(`/?token=guess${wrong}`)).status).toBe(401)
    expect((await knock('/?token=guess')).status).toBe(429)
    expect((await knock(`/${search}`)).status).toBe(429)
    nowMs += 60_000
    expect((await knock(`/${search}`)).status).toBe(200)
  })

  it('opens a second time in a browser that has come in, for a lab that was left open', async () => {
    const cookie = await enter()
    const old = key
    const { search, searchParams } = new URL(door.newUrl())
    const again = await knock(`/${search}`, { headers: { cookie } })
    expect(again.status).toBe(200)
    key = searchParams.get('token')!
    ;(await openSocket({ cookie: again.headers['set-cookie']![0].split(';')[0], origin: origin() })).terminate()
    // A link that has been used would make the page forget its key.
    const used = await knock(`/?token=${old}`, { headers: { cookie } })
    expect([used.status, used.headers.location]).toEqual([303, '/'])
  })

  it('opens a bounded number of browsers: the first makes way for the last', async () => {
    const [first, second] = [await enter(), await enter()]
    for (let more = 1; more < mostSessions; more++) await enter()
    expect((await knock('/', { headers: { cookie: first } })).status).toBe(401)
    expect((await knock('/', { headers: { cookie: second } })).status).toBe(200)
  })

  it('is not spent by a browser that looks ahead, nor by HEAD', async () => {
    const { search } = new URL(door.url)
    expect((await knock(`/${search}`, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status).toBe(401)
    expect((await knock(`/${search}`, { method: 'HEAD' })).status).toBe(401)
    expect((await knock(`/${search}`)).status).toBe(200)
  })
})

describe.skipIf(process.platform !== 'linux')('the browser of the system', () => {
  const { PATH } = process.env
  afterEach(() => {
    process.env.PATH = PATH
  })

  it('is led to the link by a file of its owner alone, which goes when the link is used', async () => {
    const said = join(folder, 'said')
    writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\necho "$@" > ${said}.new && mv ${said}.new ${said}\n`, {
      mode: 0o755,
    })
    process.env.PATH = `${folder}:${PATH}`
    await door.close()
    door = await startWebDoor({ lab, port: 0, rendererFolder: join(folder, 'window'), open: true })
    const page = join(folder, 'open.html')
    await expect.poll(() => existsSync(said)).toBe(true)
    expect(readFileSync(said, 'utf8')).toBe(`${page}\n`)
    expect(statSync(page).mode & 0o777).toBe(0o600)
    expect(readFileSync(page, 'utf8')).toContain(`url=${door.url}"`)
    expect((await knock(`/${new URL(door.url).search}`)).status).toBe(200)
    await expect.poll(() => existsSync(page)).toBe(false)
  })
})

describe('pages', () => {
  it('come with a strict content policy, also when refused', async () => {
    const cookie = await enter()
    for (const answer of [await knock('/', { headers: { cookie } }), await knock('/')]) {
      const policy = String(answer.headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|\*/)
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['x-frame-options']).toBe('DENY')
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
    }
  })

  it('are refused under a name that is not this machine (DNS rebinding)', async () => {
    const cookie = await enter()
    for (const host of [
      'evil.example',
      `evil.example:${door.port}`,
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
      '127.0.0.1:80:80',
    ]) {
      expect((await knock('/', { headers: { cookie, host } })).status, host).toBe(421)
    }
    expect(isOurHost('') || isOurHost(undefined)).toBe(false)
    expect((await knock('/', { headers: { cookie, host: `localhost:${door.port}` } })).status).toBe(200)
  })

  it("never lead outside the window's folder", async () => {
    const cookie = await enter()
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../../secret.txt',
      '/assets/..%5c..%5csecret.txt',
      '//secret.txt',
      '/assets/%00',
      '//',
      '/%',
      'http://evil.example/secret.txt',
      join(folder, 'secret.txt'),
    ]
    for (const path of paths) {
      const answer = await knock(path, { headers: { cookie } })
      expect(answer.body, path).not.toContain('not for browsers')
      expect(answer.status, path).toBe(404)
    }
  })

  it('of a session need the session: assets are not for everybody', async () => {
    expect((await knock('/assets/app-1234.js')).status).toBe(401)
    const answer = await knock('/assets/app-1234.js', { headers: { cookie: await enter() } })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^text\/javascript/)
  })

  it('are only got', async () => {
    const cookie = await enter()
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await knock('/', { method, headers: { cookie } })).status, method).toBe(405)
  })
})

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
    const first = key
    for (const protocols of [[], ['isoflop'], ['isoflop', 'key.'], ['isoflop', 'key.guess'], ['key']])
      await expect(openSocket({ cookie, origin: origin() }, '/lab', protocols)).rejects.toThrow('401')
    const other = await enter()
    await expect(openSocket({ cookie, origin: origin() })).rejects.toThrow('401')
    const socket = await openSocket({ cookie: other, origin: origin() })
    expect(socket.protocol).toBe('isoflop')
    socket.terminate()
    key = first
    ;(await openSocket({ cookie, origin: origin() })).terminate()
  })

  it('is for a day after the last use; a line that is open keeps the session', async () => {
    const cookie = await enter()
    const socket = await openSocket({ cookie, origin: origin() })
    nowMs += 3 * sessionMs
    ;(await openSocket({ cookie, origin: origin() })).terminate()
    socket.terminate()
    nowMs += sessionMs - 1
    await expect.poll(async () => (await knock('/', { headers: { cookie } })).status).toBe(200)
    nowMs += sessionMs
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
    lab = scriptedLab(folder, { addCorpus: async () => ({ id: 'c' }) as never })
    const asked: string[] = []
    await door.close()
    door = await startWebDoor({
      lab,
      port: 0,
      rendererFolder: join(folder, 'window'),
      agree: async (paths) => {
        asked.push(...paths)
        return paths[0] === '/mine'
      },
    })
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

describe('uploads', () => {
  const send = (name: string, body: string, headers: Record<string, string>) =>
    knock(`/upload?name=${encodeURIComponent(name)}`, { method: 'POST', body, headers })

  it("lie in the lab's folder under a harmless name", async () => {
    const headers = { cookie: await enter(), origin: origin(), 'x-isoflop-key': key }
    for (const name of [
      'play.txt',
      '漢'.repeat(100),
      '../../../etc/passwd',
      'C:\\dir\\ev:il?.txt',
      '..',
      '.hidden',
      'con.txt',
      '\u0000bad\n.txt',
    ]) {
      const { status, body } = await send(name, 'To be', headers)
      expect(status, name).toBe(200)
      const { value } = JSON.parse(body)
      expect(value.startsWith(join(folder, 'uploads'))).toBe(true)
      expect(value.slice(join(folder, 'uploads').length)).toMatch(
        /^\/[0-9a-f-]{36}\/[^/\\:?.\s\p{Cc}][^/\\:?\p{Cc}]*$/u,
      )
      expect(readFileSync(value, 'utf8')).toBe('To be')
    }
  })

  it('are refused to other pages, other names, without a session and elsewhere', async () => {
    const cookie = await enter()
    const before = () => (existsSync(join(folder, 'uploads')) ? readdirSync(join(folder, 'uploads')).length : 0)
    expect((await send('a.txt', 'x', { cookie })).status).toBe(403)
    expect((await send('a.txt', 'x', { cookie, origin: 'https://evil.example' })).status).toBe(403)
    expect((await send('a.txt', 'x', { cookie, origin: 'http://evil.example', host: 'evil.example' })).status).toBe(421)
    expect((await send('a.txt', 'x', { origin: origin(), 'x-isoflop-key': key })).status).toBe(401)
    expect((await send('a.txt', 'x', { cookie, origin: origin() })).status).toBe(401)
    expect((await send('a.txt', 'x', { cookie, origin: origin(), 'x-isoflop-key': 'guess' })).status).toBe(401)
    const headers = { cookie, origin: origin(), 'x-isoflop-key': key }
    expect((await send('', 'x', headers)).status).toBe(400)
    expect((await knock('/', { method: 'POST', body: 'x', headers })).status).toBe(404)
    expect(before()).toBe(0)
  })

  it('that are too large leave nothing behind, whether they say so or not', async () => {
    await start({}, { maxUploadBytes: 1000 })
    const headers = { cookie: await enter(), origin: origin(), 'x-isoflop-key': key }
    expect((await send('big.txt', 'x'.repeat(5000), headers)).status).toBe(413)
    expect((await send('big.txt', 'x'.repeat(5000), { ...headers, 'transfer-encoding': 'chunked' })).status).toBe(413)
    expect(existsSync(join(folder, 'uploads')) ? readdirSync(join(folder, 'uploads')) : []).toEqual([])
  })

  const uploads = () => (existsSync(join(folder, 'uploads')) ? readdirSync(join(folder, 'uploads')).length : 0)
  /** Says 1000 bytes and sends four. */
  const half = (cookie: string): Socket => {
    const socket = connect(door.port, '127.0.0.1').on('error', () => {})
    socket.write(
      `POST /upload?name=half.txt HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nOrigin: ${origin()}\r\nCookie: ${cookie}\r\nX-Isoflop-Key: ${key}\r\nContent-Length: 1000\r\n\r\nhalf`,
    )
    return socket
  }

  it('that break off leave nothing behind', async () => {
    const socket = half(await enter())
    await expect.poll(uploads).toBe(1)
    socket.destroy()
    await expect.poll(uploads).toBe(0)
  })

  it('on which nothing comes any more are ended, and leave nothing behind', async () => {
    await start({}, { idleMs: 300 })
    const socket = half(await enter())
    const ended = new Promise((resolve) => socket.once('close', resolve))
    await expect.poll(uploads).toBe(1)
    await ended
    await expect.poll(uploads).toBe(0)
  })

  it('are taken a few at a time', async () => {
    await start({}, { maxUploads: 2 })
    const cookie = await enter()
    const headers = { cookie, origin: origin(), 'x-isoflop-key': key }
    const sockets = [half(cookie), half(cookie)]
    await expect.poll(uploads).toBe(2)
    expect((await send('third.txt', 'x', headers)).status).toBe(429)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await send('third.txt', 'x', headers)).status).toBe(200)
  })
})

describe('connections', () => {
  const stranger = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(door.port, '127.0.0.1', () => resolve(socket)).on('error', () => {})
    })
  const isOpen = (socket: Socket) => socket.readyState === 'open'

  it('that say nothing make way for those that come after them, never for a session', async () => {
    await start({}, { maxStrangers: 3 })
    const cookie = await enter()
    const socket = await openSocket({ cookie, origin: origin() })
    const strangers: Socket[] = []
    for (let i = 0; i < 8; i++) strangers.push(await stranger())
    await expect.poll(() => strangers.map((one) => one.resume()).filter(isOpen).length).toBe(3)
    expect((await knock('/', { headers: { cookie } })).status).toBe(200)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
    for (const one of strangers) one.destroy()
  })

  it('are bounded, and end when nothing moves on them', async () => {
    await start({}, { maxConnections: 2, idleMs: 300 })
    const strangers = [await stranger(), await stranger(), await stranger()]
    await expect.poll(() => strangers.map((one) => one.resume()).filter(isOpen).length).toBe(2)
    await expect.poll(() => strangers.filter(isOpen).length, { timeout: 3000 }).toBe(0)
  })
})

it('listens on this machine alone, and says so when the port is taken', async () => {
  await expect(startWebDoor({ lab, port: door.port, rendererFolder: join(folder, 'window') })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`Port ${door.port}`),
  })
  expect(new URL(door.url).hostname).toBe('127.0.0.1')
})
