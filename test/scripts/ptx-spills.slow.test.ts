// What a card's registers do not hold goes to its memory and back: no kernel of ours is to be that large on any card.
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importNvrtc } from '../support/nvrtc.ts'

const { findNvrtc, loadNvrtc, modules, wheel } = await importNvrtc()
const folder = findNvrtc()

/** Turing, A100, RTX 30, RTX 40, H100. */
const architectures = [75, 80, 86, 89, 90]

/** Bytes of stack and spills of every kernel. */
const sizesOf = (report: string) =>
  [...report.matchAll(/(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/g)].map(
    ([, ...sizes]) => sizes.map(Number),
  )

describe.skipIf(!folder)(`kernels (needs ${wheel}, which npm run setup:nvrtc fetches)`, () => {
  for (const module of modules) {
    const oldest = Number(module.architecture.slice('compute_'.length))
    for (const card of architectures.filter((one) => one >= oldest))
      it(`of ${module.name} spill nothing on sm_${card}`, () => {
        const report = loadNvrtc(folder!).assemble(resolve('src/native/cuda'), module, `sm_${card}`)
        const sizes = sizesOf(report)
        expect(sizes.length).toBe(report.match(/Compiling entry function/g)?.length)
        expect(sizes.length).toBeGreaterThan(5)
        for (const size of sizes) expect(size, report).toEqual([0, 0, 0])
      })
  }
})
