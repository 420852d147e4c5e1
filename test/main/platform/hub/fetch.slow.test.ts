import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fetchFromHub, type HubProgress, type HubRequest } from '#main/platform/hub/fetch.ts'
import { smallHub, type SmallHub } from '../../../support/small-hub.ts'

const text = (words: string) => new TextEncoder().encode(words)
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251)
const repository = {
  files: {
    'config.json': { content: text('{"model_type":"gpt2"}') },
    'model.safetensors': { content: weights, isLarge: true },
    'data/a b.txt': { content: text('within a folder') },
  },
}

let hub: SmallHub
let cacheFolder: string
beforeEach(async () => {
  hub = await smallHub({
    'models/cerebras/Small': repository,
    'models/gpt2': repository,
    'datasets/org/set': { files: { 'test.jsonl': { content: text('{}\n') } } },
    'models/shut/Gated': { ...repository, isGated: true },
    'models/odd/Escape': { files: { '../../etc/passwd': { content: text('x') } } },
  })
  cacheFolder = mkdtempSync(join(tmpdir(), 'isoflop-hub-'))
})
afterEach(async () => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  await hub.close()
  rmSync(cacheFolder, { recursive: true, force: true })
})

async function fetchAll(
  request: Partial<HubRequest> = {},
  signal = new AbortController().signal,
): Promise<{ folder: string; told: HubProgress[] }> {
  const told: HubProgress[] = []
  const going = fetchFromHub(
    { kind: 'model', repo: 'cerebras/Small', wanted: () => true, cacheFolder, endpoint: hub.endpoint, ...request },
    signal,
  )
  for (;;) {
    const next = await going.next()
    if (next.done) return { folder: next.value, told }
    told.push(next.value)
  }
}
const everyFile = () =>
  readdirSync(cacheFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .filter((name) => name !== '.isoflop-hub.json')

describe('the hub', () => {
  test('gives its files, whole and in their folders, and says how far it is', async () => {
    const { folder, told } = await fetchAll()
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(Buffer.from(weights))
    expect(readFileSync(join(folder, 'data/a b.txt'), 'utf8')).toBe('within a folder')
    const totalBytes = Object.values(repository.files).reduce((sum, { content }) => sum + content.length, 0)
    expect(told.at(-1)).toMatchObject({ doneBytes: totalBytes, totalBytes })
  })

  test('is not asked twice for what is here, nor for what is not wanted', async () => {
    const { folder } = await fetchAll({ wanted: (path) => path === 'config.json' })
    expect(hub.asked).toEqual(['/api/models/cerebras/Small/tree/main', '/cerebras/Small/resolve/main/config.json'])
    expect(await fetchAll({ wanted: (path) => path === 'config.json' })).toEqual({ folder, told: [] })
    expect(hub.asked).toHaveLength(2)
    await hub.close()
    expect((await fetchAll({ wanted: (path) => path === 'config.json' })).folder).toBe(folder)
  })

  test('knows a model without an owner, a data set, and the address of a page', async () => {
    expect((await fetchAll({ repo: 'gpt2' })).folder).toContain('models--gpt2')
    expect((await fetchAll({ kind: 'dataset', repo: 'https://huggingface.co/datasets/org/set' })).folder).toContain(
      'datasets--org--set',
    )
  })

  test('takes a broken connection up again where it broke', async () => {
    let breaks = 2
    hub.intrude = (request, response) => {
      if (!request.url!.endsWith('model.safetensors') || breaks-- <= 0) return false
      const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(from ? 206 : 200, { 'content-length': weights.length - from })
      response.write(weights.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    const { folder } = await fetchAll()
    expect(breaks).toBeLessThan(0)
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(Buffer.from(weights))
  })

  test('a file that arrives changed is refused and leaves nothing', async () => {
    hub.intrude = (request, response) => {
      if (!request.url!.endsWith('model.safetensors')) return false
      response.writeHead(200, { 'content-length': weights.length }).end(weights.map((byte) => byte ^ 1))
      return true
    }
    await expect(fetchAll({ wanted: (path) => path.endsWith('.safetensors') })).rejects.toMatchObject({
      code: 'damaged',
      message:
        'model.safetensors of cerebras/Small arrived damaged: it does not have the content that the hub lists; nothing of it was kept, try again.',
    })
    expect(everyFile()).toEqual([])
  })

  test('a request to stop ends it in the middle of a file, and nothing half-written stays', async () => {
    const stopping = new AbortController()
    hub.intrude = (request, response) => {
      if (!request.url!.endsWith('model.safetensors')) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, 1000), () => setTimeout(() => stopping.abort(), 50))
      return true
    }
    await expect(fetchAll({ wanted: (path) => path.endsWith('.safetensors') }, stopping.signal)).rejects.toMatchObject({
      code: 'cancelled',
      message: 'Fetching cerebras/Small was cancelled.',
    })
    expect(everyFile()).toEqual([])
  })

  test.each([
    [
      'a name that is not there',
      { repo: 'cerebras/Nothing' },
      'not-found',
      /^There is no model cerebras\/Nothing on 127\.0\.0\.1:\d+; check how its name is spelled\.$/,
    ],
    [
      'a revision that is not there',
      { revision: 'v9' },
      'not-found',
      /^The model cerebras\/Small has no revision v9 on /,
    ],
    [
      'a gated one',
      { repo: 'shut/Gated' },
      'not-found',
      /private or gated, and then its terms must be accepted on its page and HF_TOKEN set\.$/,
    ],
    [
      'no wanted file',
      { wanted: (path: string) => path.endsWith('.gguf') },
      'not-found',
      /^cerebras\/Small holds none of the files that are needed; it has config\.json, /,
    ],
    ['a path that leads out of its folder', { repo: 'odd/Escape' }, 'damaged', /which is no name for a file here\.$/],
    ['no name', { repo: '../x' }, 'bad-input', /^repo: "\.\.\/x" is no name on the hub/],
  ])('%s is one sentence', async (_what, request, code, message) => {
    await expect(fetchAll(request)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(everyFile()).toEqual([])
  })

  test('without a network it says so at once', async () => {
    const { endpoint } = hub
    await hub.close()
    const startedMs = performance.now()
    await expect(fetchAll({ endpoint })).rejects.toMatchObject({
      code: 'unavailable',
      message: `${new URL(endpoint).host} cannot be reached, so cerebras/Small was not fetched; check the network, or import it from a folder.`,
    })
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })

  test('a hub that fails is named with its answer', async () => {
    hub.intrude = (_request, response) => Boolean(response.writeHead(503).end('busy'))
    await expect(fetchAll()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ answered 503 when asked for cerebras\/Small; try again later/),
    })
  })

  test('works with the fetch that stands in for a platform without one', async () => {
    vi.stubGlobal('fetch', undefined)
    let breaks = 1
    hub.intrude = (request, response) => {
      if (!request.url!.endsWith('model.safetensors') || breaks-- <= 0) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    const { folder } = await fetchAll()
    expect(breaks).toBeLessThan(0)
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(Buffer.from(weights))
    await expect(fetchAll({ repo: 'cerebras/Nothing' })).rejects.toMatchObject({ code: 'not-found' })
    await hub.close()
    await expect(fetchAll({ repo: 'gpt2' })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('goes through the proxy that the environment names, with the name and password in it', async () => {
    const asked: string[] = []
    const proxy = createServer()
    proxy.on('connect', ({ url, headers }, client: Socket) => {
      asked.push(`${url} ${headers['proxy-authorization']}`)
      const onward = connect(Number(new URL(hub.endpoint).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        onward.pipe(client).pipe(onward)
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const { port } = proxy.address() as AddressInfo
    vi.stubEnv('HTTP_PROXY', `http://me:secret@127.0.0.1:${port}`)
    const { folder } = await fetchAll({ endpoint: 'http://hub.example' })
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(Buffer.from(weights))
    expect(new Set(asked)).toEqual(new Set([`hub.example:80 Basic ${btoa('me:secret')}`]))
    proxy.removeAllListeners('connect').on('connect', (_request, client: Socket) => {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    })
    const refused = fetchAll({ endpoint: 'http://hub.example', repo: 'gpt2' })
    await expect(refused).rejects.toThrow(`The proxy 127.0.0.1:${port} answered 407 when asked for hub.example.`)
    proxy.close()
    const lost = fetchAll({ endpoint: 'http://hub.example', repo: 'gpt2' })
    await expect(lost).rejects.toThrow(`hub.example cannot be reached through the proxy 127.0.0.1:${port}`)
  })
})
