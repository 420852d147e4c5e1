// How parquet pages are packed. Node takes two of the codecs many times as fast as JavaScript does.
import { compressors } from 'hyparquet-compressors'
import { unpackBrotli, unpackGzip } from '#main/platform/disk/unpack.ts'

/** By parquet's name of the codec: bytes, and how many they become. */
export const codecs: Record<string, ((bytes: Uint8Array, becomes: number) => Uint8Array) | undefined> = {
  ...compressors,
  GZIP: unpackGzip,
  BROTLI: unpackBrotli,
}
