// What the hub's client takes from its platform, on platforms that lack it: Electron 22 carries Node 16, which has no
// fetch and no global Blob.

export type Fetch = typeof fetch

/** The platform's own fetch, else undici's. */
export async function fetchHere(): Promise<Fetch> {
  if (typeof globalThis.fetch === 'function') return globalThis.fetch
  const { fetch: other } = await import('undici')
  return other as unknown as Fetch
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
