// What the hub's client takes from its platform, on platforms that lack it: Electron 22 carries Node 16, which has no
// fetch and no global Blob.
import { Fault } from '#shared/fault.ts'

export type Fetch = typeof fetch

/** The own fetch; node-fetch where there is none, or where there is a proxy, of which the own knows nothing. */
export async function fetchHere(endpoint: string): Promise<Fetch> {
  const proxy = proxyFor(endpoint, process.env)
  if (proxy === null && typeof globalThis.fetch === 'function') return globalThis.fetch
  const [{ default: other }, { HttpsProxyAgent }] = await Promise.all([
    import('node-fetch'),
    import('https-proxy-agent'),
  ])
  return (async (url: string, init?: object) => {
    let status: number | undefined = 200
    const agent = proxy === null ? undefined : new HttpsProxyAgent(proxy)
    agent?.on('proxyConnect', (answer: { statusCode?: number }) => (status = answer.statusCode))
    const answer = await other(url, { ...init, agent })
    if (status !== 200)
      throw new Fault(
        'unavailable',
        `The proxy ${new URL(proxy!).host} answered ${status} when asked for ${new URL(endpoint).host}. ${status === 407 ? 'It wants a name and a password: http://name:password@host:port' : 'Look after HTTPS_PROXY, or name the host in NO_PROXY'}.`,
      )
    return withWebBody(answer)
  }) as unknown as Fetch
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
  const { protocol, hostname, port } = new URL(address)
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name]
  const proxy = read(`${protocol.slice(0, -1).toUpperCase()}_PROXY`) ?? read('ALL_PROXY')
  if (!proxy || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return null
  const ports = port || (protocol === 'https:' ? '443' : '80')
  const isExcepted = (entry: string): boolean => {
    const [, host = '', of = ports] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry) ?? []
    return host === '*' || (host !== '' && of === ports && `.${hostname}`.endsWith(`.${host}`))
  }
  if (
    (read('NO_PROXY') ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .some(isExcepted)
  )
    return null
  const named = proxy.includes('://') ? proxy : `http://${proxy}`
  if (isWebAddress(named)) return named
  throw new Fault(
    'bad-input',
    `The proxy of the environment for ${hostname} is none that is understood here: HTTPS_PROXY (or ALL_PROXY) begins with http:// or https://, then a host and a port. SOCKS is not spoken; name ${hostname} in NO_PROXY to go without.`,
  )
}

function isWebAddress(address: string): boolean {
  try {
    return /^https?:$/.test(new URL(address).protocol)
  } catch {
    return false
  }
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
