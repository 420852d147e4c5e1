// What the hub's client takes from its platform, on platforms that lack it: Electron 22 carries Node 16, which has no
// fetch and no global Blob.

export type Fetch = typeof fetch

/** The own fetch; undici's where there is none, or where there is a proxy, of which the own knows nothing. */
export async function fetchHere(endpoint: string): Promise<Fetch> {
  const proxy = proxyFor(endpoint, process.env)
  if (proxy === null && typeof globalThis.fetch === 'function') return globalThis.fetch
  const { fetch: other, ProxyAgent } = await import('undici')
  if (proxy === null) return other as unknown as Fetch
  const dispatcher = new ProxyAgent(proxy)
  return ((url: string, init?: object) => other(url, { ...init, dispatcher })) as unknown as Fetch
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
