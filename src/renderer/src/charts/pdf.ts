// A picture as a PDF of one page of its size: its pixels, packed without loss.

/** `pixels` are red, green, blue and opacity, row by row; the page is `points` wide (72 to an inch). */
export async function pdfOf(
  { data, width, height }: { data: Uint8ClampedArray; width: number; height: number },
  points: { width: number; height: number },
  title: string,
): Promise<Uint8Array> {
  const rgb = new Uint8Array(3 * width * height)
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i)
  const packed = new Uint8Array(
    await new Response(new Blob([rgb]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer(),
  )
  const { width: w, height: h } = points
  const drawing = `q ${w} 0 0 ${h} 0 0 cm /Picture Do Q`
  return assembled([
    ['<< /Type /Catalog /Pages 2 0 R >>'],
    ['<< /Type /Pages /Kids [3 0 R] /Count 1 >>'],
    [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${w} ${h}] /Contents 4 0 R /Resources << /XObject << /Picture 5 0 R >> >> >>`,
    ],
    [`<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`],
    [
      `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`,
      packed,
      '\nendstream',
    ],
    [`<< /Title ${hexText(title)} /Producer (Isoflop) >>`],
  ])
}

/** Any text, as UTF-16 in hexadecimal digits. */
const hexText = (text: string): string =>
  `<FEFF${Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, '0')).join('')}>`

/** Objects 1, 2, 3 … of a file, with the table that says where each begins. The last holds what is said of the file. */
function assembled(objects: (string | Uint8Array)[][]): Uint8Array {
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = []
  let length = 0
  const add = (part: string | Uint8Array) => {
    const bytes = typeof part === 'string' ? encoder.encode(part) : part
    parts.push(bytes)
    length += bytes.length
  }
  add('%PDF-1.4\n')
  const starts = objects.map((content, i) => {
    const start = length
    add(`${i + 1} 0 obj\n`)
    content.forEach(add)
    add('\nendobj\n')
    return start
  })
  const table = length
  add(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`)
  for (const start of starts) add(`${String(start).padStart(10, '0')} 00000 n \n`)
  add(
    `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${table}\n%%EOF\n`,
  )
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
