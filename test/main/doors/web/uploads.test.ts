// What a browser sends to the web door: where it lies, and what leaves nothing behind.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, door, knock, page, enter, origin, start, openDoor } from './bench.ts'

openDoor()

describe('uploads', () => {
  const send = (name: string, body: string, headers: Record<string, string>) =>
    knock(`/upload?name=${encodeURIComponent(name)}`, { method: 'POST', body, headers })

  it("lie in the lab's folder under a harmless name", async () => {
    const headers = { cookie: await enter(), origin: origin(), 'x-isoflop-key': page.key }
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
    expect((await send('a.txt', 'x', { origin: origin(), 'x-isoflop-key': page.key })).status).toBe(401)
    expect((await send('a.txt', 'x', { cookie, origin: origin() })).status).toBe(401)
    expect((await send('a.txt', 'x', { cookie, origin: origin(), 'x-isoflop-key': 'guess' })).status).toBe(401)
    const headers = { cookie, origin: origin(), 'x-isoflop-key': page.key }
    expect((await send('', 'x', headers)).status).toBe(400)
    expect((await knock('/', { method: 'POST', body: 'x', headers })).status).toBe(404)
    expect(before()).toBe(0)
  })

  it('that are too large leave nothing behind, whether they say so or not', async () => {
    await start({}, { maxUploadBytes: 1000 })
    const headers = { cookie: await enter(), origin: origin(), 'x-isoflop-key': page.key }
    expect((await send('big.txt', 'x'.repeat(5000), headers)).status).toBe(413)
    expect((await send('big.txt', 'x'.repeat(5000), { ...headers, 'transfer-encoding': 'chunked' })).status).toBe(413)
    expect(existsSync(join(folder, 'uploads')) ? readdirSync(join(folder, 'uploads')) : []).toEqual([])
  })

  const uploads = () => (existsSync(join(folder, 'uploads')) ? readdirSync(join(folder, 'uploads')).length : 0)
  /** Says 1000 bytes and sends four. */
  const half = (cookie: string): Socket => {
    const socket = connect(door.port, '127.0.0.1').on('error', () => {})
    socket.write(
      `POST /upload?name=half.txt HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nOrigin: ${origin()}\r\nCookie: ${cookie}\r\nX-Isoflop-Key: ${page.key}\r\nContent-Length: 1000\r\n\r\nhalf`,
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
    const headers = { cookie, origin: origin(), 'x-isoflop-key': page.key }
    const sockets = [half(cookie), half(cookie)]
    await expect.poll(uploads).toBe(2)
    expect((await send('third.txt', 'x', headers)).status).toBe(429)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await send('third.txt', 'x', headers)).status).toBe(200)
  })
})
