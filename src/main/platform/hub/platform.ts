// What the hub's client takes from its platform, on platforms that lack it: Electron 22 carries Node 16, which has no
// fetch and no global Blob.

export type Fetch = typeof fetch

/** The own fetch; node-fetch where there is none, or where there is a proxy, of which the own knows nothing. */
export async function fetchHere(endpoint: string): Promise<Fetch> {
  const proxy = proxyFor(endpoint, process.env)
  if (proxy === null && typeof globalThis.fetch === 'function') return globalThis.fetch
  const [{ default: other }, { HttpsProxyAgent }] = await Promise.all([
    import('node-fetch'),
    import('https-proxy-agent'),
  ])
  const agent = proxy === null ? undefined : new HttpsProxyAgent(proxy)
  return (async (url: string, init?: object) => withWebBody(await other(url, { ...init, agent }))) as unknown as Fetch
}

/** Answers of node-fetch have a body of Node's; those who use fetch expect a stream of the web. */
function withWebBody<T extends { body: NodeJS.ReadableStream | null }>(answer: T): T {
  return new Proxy(answer, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'body') return target.body && webStreamOf(target.body)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** `Readable.toWeb`, which Node 16 does not have. */
function webStreamOf(body: NodeJS.ReadableStream): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await pieces.return?.()),
  })
}

/**
 * The proxy that the environment names for an address, as curl reads it: HTTPS_PROXY or HTTP_PROXY by its protocol,
 * else ALL_PROXY, in either case; none for loopback and the hosts of NO_PROXY.
 */
export function proxyFor(address: string, env: NodeJS.ProcessEnv): string | null {
  const { protocol, hostname } = new URL(address)
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name]
  const proxy = read(`${protocol.slice(0, -1).toUpperCase()}_PROXY`) ?? read('ALL_PROXY')
  if (!proxy || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return null
  const excepted = (read('NO_PROXY') ?? '').split(',').map((host) =>
    host
      .trim()
      .replace(/^\*?\./, '')
      .replace(/:\d+$/, ''),
  )
  if (excepted.some((host) => host === '*' || (host && (hostname === host || hostname.endsWith(`.${host}`)))))
    return null
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

/** Hugging Face's client; its module extends Blob while it loads, so that has to be there before. */
export async function loadClient() {
  const globals = globalThis as Record<string, unknown>
  if (globals.Blob === undefined) globals.Blob = (await import('node:buffer')).Blob
  if (globals.TransformStream === undefined)
    Object.assign(
      globals,
      await import('node:stream/web').then(({ ReadableStream, TransformStream, WritableStream }) => ({
        ReadableStream,
        TransformStream,
        WritableStream,
      })),
    )
  return import('@huggingface/hub')
}
