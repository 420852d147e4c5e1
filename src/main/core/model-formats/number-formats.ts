// How fp32, fp16 and bf16 numbers lie in a file, and how they become a Float32Array.

/** Bytes a number. */
export const dtypeBytes = { F32: 4, F16: 2, BF16: 2 } as const
export type Dtype = keyof typeof dtypeBytes

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The file's bytes of an fp32 array: the array's own memory where the machine is little-endian, as nearly all are. */
export function asLittleEndian(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return isLittleEndian ? bytes : Buffer.from(bytes).swap32()
}

/** Little-endian bytes as fp32. Both half formats are subsets of it, so widening loses nothing. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  if (dtype === 'F32') {
    const own = isLittleEndian
      ? bytes.byteOffset % 4 === 0
        ? bytes
        : bytes.slice()
      : Uint8Array.from(Buffer.from(bytes).swap32())
    return new Float32Array(own.buffer, own.byteOffset, bytes.byteLength / 4)
  }
  const widened = new Uint32Array(bytes.byteLength / 2)
  const widen = dtype === 'BF16' ? widenBfloat : widenHalf
  for (let i = 0; i < widened.length; i++) widened[i] = widen(bytes[2 * i] | (bytes[2 * i + 1] << 8))
  return new Float32Array(widened.buffer)
}

/** bf16 is the upper half of an fp32. */
const widenBfloat = (half: number): number => half << 16

/** fp16: 1 sign, 5 exponent (bias 15), 10 fraction bits → fp32: 1, 8 (bias 127), 23. */
export function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13) // infinity, NaN
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  const leading = Math.clz32(fraction) - 21 // subnormal: shift until the leading 1 is the implicit one
  return sign | ((113 - leading) << 23) | (((fraction << leading) & 0x3ff) << 13)
}
