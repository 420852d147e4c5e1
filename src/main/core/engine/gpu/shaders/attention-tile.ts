// What the attention kernels share: tiles of a head's rows in workgroup memory, and products of two of them.

/** Queries and keys of one tile, by the size of a head and the workgroup memory there is. */
export function attentionTile(size: number, workgroupBytes: number): { queries: number; keys: number } {
  const padded = padTo8(size)
  for (const [queries, keys] of [
    [32, 32],
    [32, 16],
    [16, 16],
    [16, 8],
    [8, 8],
  ]) {
    // the backward pass holds two tiles of each side and one of scores, twice
    if (4 * (2 * (queries + keys) * (padded + 4) + 2 * queries * (keys + 4)) <= workgroupBytes) return { queries, keys }
  }
  throw new Error(`heads of ${size} do not fit ${workgroupBytes} bytes`)
}
export const padTo8 = (size: number) => Math.ceil(size / 8) * 8

export const threads = 64
export const range = (count: number) => Array.from({ length: count }, (_, i) => i)
export const params = { context: 'u32', heads: 'u32', scale: 'f32' } as const

/** Heads whose rows are walked four numbers at a time. */
const isFour = (size: number) => size % 4 === 0
export const element = (size: number) => (isFour(size) ? 'vec4f' : 'f32')
/** Fours that a row of a tile is apart from the next: an odd number, so that neighbours lie in different banks. */
export const strideOf = (size: number) => padTo8(size) / 4 + 1

/** WGSL: where a row of Q, K or V begins in qkv [N, 3d], and a head's in [N, d]. */
export const places = (size: number) => `
const size = ${size}u;
fn width() -> u32 { return p.heads * size; }
fn inQkv(row: u32, part: u32, head: u32) -> u32 { return row * 3u * width() + part * width() + head * size; }
fn inRow(row: u32, head: u32) -> u32 { return row * width() + head * size; }`

/** WGSL: fills a tile with rows of a head from `first` on, four numbers at a time, zeros beyond text and head. */
export function fetchRows(
  size: number,
  tile: string,
  rows: number,
  first: string,
  source: string,
  index: string,
): string {
  const fours = padTo8(size) / 4
  const four = isFour(size)
    ? `if (c < size) { number = ${source}[(${index} + c) / 4u]; }`
    : ['x', 'y', 'z', 'w']
        .map((letter, i) => `if (c + ${i}u < size) { number.${letter} = ${source}[${index} + c + ${i}u]; }`)
        .join(' ')
  return `
  for (var i = t; i < ${rows * fours}u; i += ${threads}u) {
    let r = i / ${fours}u; let c = 4u * (i % ${fours}u); let at = ${first} + r;
    var number = vec4f();
    if (at < p.context) { let row = base + at; ${four} }
    ${tile}[r * ${strideOf(size)}u + c / 4u] = number;
  }`
}

/** WGSL: writes four numbers of a head's row from column 4 · `quad` on. */
export const writeFour = (size: number, into: string, index: string, quad: string, value: string): string =>
  isFour(size)
    ? `if (4u * (${quad}) < size) { ${into}[(${index}) / 4u + ${quad}] = ${value}; }`
    : `{ let v = ${value}; ${['x', 'y', 'z', 'w'].map((letter, i) => `if (4u * (${quad}) + ${i}u < size) { ${into}[${index} + 4u * (${quad}) + ${i}u] = v.${letter}; }`).join(' ')} }`

/**
 * Threads stand in a grid: each makes `down` × `over` numbers of a tile [rows, columns]. The rows of a thread are ty +
 * step · i, so that neighbours read neighbouring rows.
 */
export function grid(rows: number, columns: number) {
  const down = rows >= 16 ? 4 : 2
  const lanes = threads / (rows / down)
  const over = Math.ceil(columns / lanes)
  return { down, over, lanes, step: rows / down }
}

/** Text for every number a thread makes. */
export function each({ down, over }: { down: number; over: number }, text: (i: number, j: number) => string): string {
  return range(down)
    .flatMap((i) => range(over).map((j) => text(i, j)))
    .join('\n  ')
}

/** WGSL: name{i}_{j} = Σ a[row i, ·] · b[row j, ·] over a head, of two tiles. */
export function dotTile(
  of: ReturnType<typeof grid>,
  a: string,
  b: string,
  stride: number,
  fours: number,
  columns: number,
  name: string,
): string {
  const dot = (i: number, j: number) =>
    ['x', 'y', 'z', 'w'].reduce((sum, letter) => `fma(a${i}.${letter}, b${j}.${letter}, ${sum})`, `${name}${i}_${j}`)
  return `
    ${each(of, (i, j) => `var ${name}${i}_${j} = 0.0;`)}
    for (var c = 0u; c < ${fours}u; c++) {
      ${range(of.down)
        .map((i) => `let a${i} = ${a}[(sy + ${i * of.step}u) * ${stride}u + c];`)
        .join(' ')}
      ${range(of.over)
        .map((j) => `let b${j} = ${b}[min(sx + ${j * of.lanes}u, ${columns - 1}u) * ${stride}u + c];`)
        .join(' ')}
      ${each(of, (i, j) => `${name}${i}_${j} = ${dot(i, j)};`)}
    }`
}
