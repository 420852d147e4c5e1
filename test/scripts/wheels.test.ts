// The download behind `npm run setup:tensorflow` and `setup:gpu`: it resumes, checks, and leaves nothing half done.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const { fetchWheel } = (await import(pathToFileURL(resolve('scripts/setup/wheels.mjs')).href)) as {
  fetchWheel(wheel: object, folder: string, say: (text: string) => void): Promise<string>
}

const bytes = randomBytes(300_000)
const sha256 = createHash('sha256').update(bytes).digest('hex')
const file = 'tensor-1.0-py3-none-any.whl'
let folder: string
let server: Server
let ranges: (string | undefined)[]
/** Answers the next request with this many bytes and then hangs up. */
let breakAfter: number | null

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-wheels-'))
  ranges = []
  breakAfter = null
  server = createServer((request, response) => {
    ranges.push(request.headers.range)
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (start >= bytes.length) return void response.writeHead(416).end()
    const rest = bytes.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length })
    if (breakAfter === null) return void response.end(rest)
    response.write(rest.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 50))
    breakAfter = null
  })
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening)
  })
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const wheel = (expected = sha256) => ({
  name: 'tensor',
  version: '1.0',
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}`,
  file,
  sha256: expected,
  requires: [],
})

it('downloads once and finds it there the next time', async () => {
  const path = await fetchWheel(wheel(), folder, () => {})
  expect(readFileSync(path).equals(bytes)).toBe(true)
  expect(await fetchWheel(wheel(), folder, () => {})).toBe(path)
  expect(ranges).toEqual([undefined])
  expect(readdirSync(folder)).toEqual([file])
})

it('goes on where a broken download stopped', async () => {
  breakAfter = 120_000
  await expect(fetchWheel(wheel(), folder, () => {})).rejects.toThrow(/broke off after/)
  expect(existsSync(join(folder, file))).toBe(false)
  const said: string[] = []
  const path = await fetchWheel(wheel(), folder, (text) => said.push(text))
  expect(readFileSync(path).equals(bytes)).toBe(true)
  expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/)
  expect(said[0]).toContain('Going on with')
})

it('finishes a download that was complete but never checked', async () => {
  writeFileSync(join(folder, `${file}.part`), bytes)
  expect(readFileSync(await fetchWheel(wheel(), folder, () => {})).equals(bytes)).toBe(true)
  expect(readdirSync(folder)).toEqual([file])
})

it('throws away what does not have the checksum of the index, and says so', async () => {
  await expect(fetchWheel(wheel('0'.repeat(64)), folder, () => {})).rejects.toMatchObject({
    message: expect.stringContaining(`arrived damaged: SHA-256 ${sha256}`),
    remedy: expect.stringContaining('Nothing was installed'),
  })
  expect(readdirSync(folder)).toEqual([])
})

it('does not trust a file in the cache that has changed since', async () => {
  writeFileSync(
    join(folder, file),
    bytes.map((byte) => byte ^ 1),
  )
  expect(readFileSync(await fetchWheel(wheel(), folder, () => {})).equals(bytes)).toBe(true)
})
