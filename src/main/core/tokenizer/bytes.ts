// GPT-2's alphabet: each byte as one visible character, so that any bytes can stand in a JSON file.

/**
 * The bytes in GPT-2's order, which is also the order of their characters: 188 that show themselves, then the others.
 */
export const bytesInOrder: readonly number[] = (() => {
  const visible = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad),
  )
  return [...visible, ...Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !visible.includes(byte))]
})()

const characterOfByte: string[] = []
const byteOfCharacter = new Map<string, number>()
bytesInOrder.forEach((byte, rank) => {
  const character = String.fromCharCode(rank < 188 ? byte : 0x100 + rank - 188)
  characterOfByte[byte] = character
  byteOfCharacter.set(character, byte)
})

/** Bytes as GPT-2 writes them: a space is Ġ, a line end Ċ. */
export function bytesToVisible(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += characterOfByte[byte]!
  return text
}

/** The other way; null where a character stands for no byte. */
export function visibleToBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const byte = byteOfCharacter.get(text[at]!)
    if (byte === undefined) return null
    bytes[at] = byte
  }
  return bytes
}
