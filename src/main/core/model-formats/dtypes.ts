// Which number formats weights come in, and fp32 made narrower: to the nearest, halves to even, as every framework
// rounds.
import { Fault } from '#shared/fault.ts'
import { asLittleEndian, type Dtype, toFloat32 } from './number-formats.ts'

/**
 * Bytes of what other tensors of a file may hold: masks, counters, double precision. F64 can be read, the others are
 * passed by.
 */
export const otherDtypeBytes = {
  F64: 8,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  F8_E8M0: 1,
  C64: 8,
} as const
export type StoredDtype = Dtype | keyof typeof otherDtypeBytes

/** What weights can be exported as. */
export const exportDtypes = ['f32', 'bf16', 'f16'] as const
export type ExportDtype = (typeof exportDtypes)[number]
export const dtypeOf = (name: ExportDtype): Dtype => name.toUpperCase() as Dtype

/**
 * fp32 as the bytes of `dtype`. A finite number beyond fp16's range is `too-large`, because it would become infinite.
 */
export function fromFloat32(data: Float32Array, dtype: Dtype, name: string): Uint8Array {
  if (dtype === 'F32') return asLittleEndian(data)
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const bytes = new Uint8Array(2 * data.length)
  const narrow = dtype === 'BF16' ? narrowBfloat : narrowHalf
  for (let i = 0; i < data.length; i++) {
    const half = narrow(bits[i])
    if (dtype === 'F16' && (half & 0x7fff) === 0x7c00 && Number.isFinite(data[i])) {
      throw new Fault('too-large', `${name} holds ${data[i]}, and f16 ends at 65504. Export it as bf16 or f32.`)
    }
    bytes[2 * i] = half & 0xff
    bytes[2 * i + 1] = half >> 8
  }
  return bytes
}

/** Little-endian bytes as fp32, double precision rounded. */
export function storedToFloat32(bytes: Uint8Array, dtype: StoredDtype, name: string): Float32Array {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return toFloat32(bytes, dtype)
  if (dtype !== 'F64')
    throw new Fault('unavailable', `${name} holds ${dtype} numbers; weights are read as F32, F16, BF16 or F64.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true))
}

/** The upper half, rounded; a NaN keeps a bit so that it does not become infinite. */
function narrowBfloat(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

/** 1, 8 (bias 127), 23 bits → 1, 5 (bias 15), 10 bits. */
function narrowHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00 // 65536 and above
  if (magnitude >= 0x38800000) {
    // normal from 2^-14; a carry out of the fraction raises the exponent, as it should
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
  }
  if (magnitude < 0x33000000) return sign // less than half of the smallest
  const shift = 126 - (magnitude >>> 23)
  const fraction = (magnitude & 0x7fffff) | 0x800000
  const kept = fraction >>> shift
  const rest = fraction & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return sign | (kept + Number(rest > half || (rest === half && (kept & 1) === 1)))
}

/** Whether a tensor's or entry's name can stand in a sentence; a damaged file may call one anything. */
export const isPrintableName = (name: string): boolean => name.length <= 256 && !/[\p{Cc}\ufffd]/u.test(name)
