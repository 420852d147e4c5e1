// Bytes in memory unpacked by Node's own zlib; an Error where they become more than `most` bytes.
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

export const unpackGzip = (bytes: Uint8Array, most: number): Uint8Array => gunzipSync(bytes, limit(most))

export const unpackBrotli = (bytes: Uint8Array, most: number): Uint8Array => brotliDecompressSync(bytes, limit(most))

/** Node takes no limit of zero. */
const limit = (most: number) => ({ maxOutputLength: Math.max(1, most) })
