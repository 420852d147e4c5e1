// The web door, knocked on from outside: what gets in, and everything that must not.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { mostSessions } from '#shared/bounds.ts'
import { isOurHost } from '#main/doors/web/admission.ts'
import { startWebDoor } from '#main/doors/web/door.ts'
import { folder, door, lab, knock, page, enter, origin, openSocket, clock, start, openDoor } from './bench.ts'

openDoor()

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
    clock.nowMs += 60_000
    expect((await knock(`/${search}`)).status).toBe(200)
  })

  it('opens a second time in a browser that has come in, for a lab that was left open', async () => {
    const cookie = await enter()
    const old = page.key
    const { search, searchParams } = new URL(door.newUrl())
    const again = await knock(`/${search}`, { headers: { cookie } })
    expect(again.status).toBe(200)
    page.key = searchParams.get('token')!
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
    await start({}, {}, { open: true })
    const file = join(folder, 'open.html')
    await expect.poll(() => existsSync(said)).toBe(true)
    expect(readFileSync(said, 'utf8')).toBe(`${file}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(`url=${door.url}"`)
    expect((await knock(`/${new URL(door.url).search}`)).status).toBe(200)
    await expect.poll(() => existsSync(file)).toBe(false)
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
