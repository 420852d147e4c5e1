// The zip that PyTorch saves: entries stored as they are, one after another. Nothing is ever unpacked, so nothing can
// burst.
import { Fault } from '#shared/fault.ts'
import type { OpenFile } from '#main/platform/disk/files.ts'
import { isPrintableName } from './dtypes.ts'

export interface ZipEntry {
  name: string
  /** Where its bytes lie in the file. */
  beginByte: number
  bytes: number
}

const endSignature = 0x06054b50
const wideEndSignature = 0x06064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50
const endBytes = 22
const longestComment = 0xffff
const unknown32 = 0xffffffff
/** PyTorch writes one entry a tensor. */
const mostEntries = 1 << 17

/**
 * The entries by name. Entries that are compressed, encrypted, overlap or lie outside the file are `damaged`, and
 * named.
 */
export async function readZip(file: OpenFile): Promise<Map<string, ZipEntry>> {
  const damaged = (what: string) => new Fault('damaged', `${file.path} is not a whole PyTorch file: ${what}.`)
  const { count, directoryByte, directoryBytes } = await findDirectory(file, damaged)
  if (count > mostEntries) throw damaged(`it claims ${count} entries`)
  if (directoryByte + directoryBytes > file.sizeBytes || count * 46 > directoryBytes)
    throw damaged(`its directory of ${count} entries at byte ${directoryByte} does not fit the file`)
  const directory = Buffer.alloc(directoryBytes)
  await file.readInto(directory, directoryByte)
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const where = `entry ${i + 1} of its directory, at byte ${directoryByte + at},`
    if (at + 46 > directoryBytes || directory.readUInt32LE(at) !== centralSignature)
      throw damaged(`${where} is no entry`)
    const nameBytes = directory.readUInt16LE(at + 28)
    const extraBytes = directory.readUInt16LE(at + 30)
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32)
    if (next > directoryBytes) throw damaged(`${where} reaches beyond it`)
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes)
    if (!isPrintableName(name)) throw damaged(`${where} has a name of ${nameBytes} bytes that cannot be read`)
    if (directory.readUInt16LE(at + 8) & 1) throw damaged(`${name} is encrypted`)
    if (directory.readUInt16LE(at + 10) !== 0) throw damaged(`${name} is compressed, and PyTorch compresses nothing`)
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)
    const [bytes, packed, local] = wideSizes(
      [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)],
      extra,
      () => damaged(`${name} has sizes that cannot be read`),
    )
    if (bytes !== packed) throw damaged(`${name} has ${packed} bytes in the file and claims ${bytes}`)
    if (entries.has(name)) throw damaged(`it has two entries named ${name}`)
    entries.set(name, { name, beginByte: await dataByte(file, local, name, damaged), bytes })
    at = next
  }
  checkPlaces([...entries.values()], directoryByte, damaged)
  return entries
}

async function findDirectory(
  file: OpenFile,
  damaged: (what: string) => Fault,
): Promise<{ count: number; directoryByte: number; directoryBytes: number }> {
  const tail = Buffer.alloc(Math.min(file.sizeBytes, endBytes + longestComment))
  await file.readInto(tail, file.sizeBytes - tail.length)
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endSignature || at + endBytes + tail.readUInt16LE(at + 20) !== tail.length) continue
    const count = tail.readUInt16LE(at + 10)
    const directoryBytes = tail.readUInt32LE(at + 12)
    const directoryByte = tail.readUInt32LE(at + 16)
    if (count !== 0xffff && directoryBytes !== unknown32 && directoryByte !== unknown32)
      return { count, directoryByte, directoryBytes }
    return await wideDirectory(file, tail, at, damaged)
  }
  throw damaged('it has no directory at its end')
}

/** Zip64: a locator before the end says where the wide numbers are. */
async function wideDirectory(file: OpenFile, tail: Buffer, at: number, damaged: (what: string) => Fault) {
  if (at < 20 || tail.readUInt32LE(at - 20) !== 0x07064b50) throw damaged('its wide directory is missing')
  const place = safeNumber(tail.readBigUInt64LE(at - 12))
  if (place === null || place + 56 > file.sizeBytes) throw damaged('its wide directory lies outside the file')
  const end = Buffer.alloc(56)
  await file.readInto(end, place)
  const [count, directoryBytes, directoryByte] = [32, 40, 48].map((byte) => safeNumber(end.readBigUInt64LE(byte)))
  if (end.readUInt32LE(0) !== wideEndSignature || count === null || directoryBytes === null || directoryByte === null)
    throw damaged('its wide directory cannot be read')
  return { count, directoryByte, directoryBytes }
}

/** Sizes that do not fit 32 bits stand in the extra field 1, in this order. */
function wideSizes(sizes: number[], extra: Buffer, refuse: () => Fault): number[] {
  if (!sizes.includes(unknown32)) return sizes
  for (let at = 0; at + 4 <= extra.length;) {
    const bytes = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1 && at + 4 + bytes <= extra.length) {
      let from = at + 4
      return sizes.map((size) => {
        if (size !== unknown32) return size
        if (from + 8 > at + 4 + bytes) throw refuse()
        const wide = safeNumber(extra.readBigUInt64LE(from))
        from += 8
        if (wide === null) throw refuse()
        return wide
      })
    }
    at += 4 + bytes
  }
  throw refuse()
}

/** Behind the entry's own header, whose name and extra field may be longer than the directory's. */
async function dataByte(
  file: OpenFile,
  local: number,
  name: string,
  damaged: (what: string) => Fault,
): Promise<number> {
  if (local + 30 > file.sizeBytes) throw damaged(`${name} begins at byte ${local}, outside the file`)
  const header = Buffer.alloc(30)
  await file.readInto(header, local)
  if (header.readUInt32LE(0) !== localSignature) throw damaged(`${name} has no header at byte ${local}`)
  return local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
}

function checkPlaces(entries: ZipEntry[], limit: number, damaged: (what: string) => Fault): void {
  let reached = 0
  for (const { name, beginByte, bytes } of entries.sort((a, b) => a.beginByte - b.beginByte || a.bytes - b.bytes)) {
    if (beginByte < reached)
      throw damaged(`${name} begins at byte ${beginByte}, inside the entry before it, which ends at ${reached}`)
    reached = beginByte + bytes
    if (reached > limit) throw damaged(`${name} ends at byte ${reached}, behind the directory at ${limit}`)
  }
}

const safeNumber = (wide: bigint): number | null => (wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : null)
