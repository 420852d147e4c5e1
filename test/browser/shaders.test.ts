// Every kernel of the graphics engine, compiled by a second compiler: Tint, in a Chromium with a software card. The
// first is naga, inside wgpu-native.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { Kernel } from '#main/core/engine/gpu/kernel.ts'
import * as attention from '#main/core/engine/gpu/shaders/attention.ts'
import * as attentionBackward from '#main/core/engine/gpu/shaders/attention-backward.ts'
import { attentionTile } from '#main/core/engine/gpu/shaders/attention-tile.ts'
import * as contextAttention from '#main/core/engine/gpu/shaders/context-attention.ts'
import * as loss from '#main/core/engine/gpu/shaders/loss.ts'
import * as norm from '#main/core/engine/gpu/shaders/norm.ts'
import * as optimizer from '#main/core/engine/gpu/shaders/optimizer.ts'
import * as product from '#main/core/engine/gpu/shaders/product.ts'
import * as rows from '#main/core/engine/gpu/shaders/rows.ts'
import { launchChromium } from '../support/chromium.ts'

const both = [false, true]
const workgroupBytes = 32768
const headSizes = [4, 6, 8, 16, 24, 32, 64, 80, 96, 128]

/** The kernels of each family: `name` in the text of the shaders, and every key that the engine can ask for. */
const families: Record<string, () => Kernel[]> = {
  attention: () => headSizes.map((size) => attention.attention(size, ...tileOf(size))),
  attentionBackwardQueries: () =>
    headSizes.map((size) => attentionBackward.attentionBackwardQueries(size, ...tileOf(size))),
  attentionBackwardKeys: () => headSizes.map((size) => attentionBackward.attentionBackwardKeys(size, ...tileOf(size))),
  contextAttention: () =>
    headSizes.flatMap((size) =>
      both.flatMap((table) => both.map((cache) => contextAttention.contextAttention(size, table, cache))),
    ),
  crossEntropy: () => both.map(loss.crossEntropy),
  layerNorm: () => [32, 64, 256].map(norm.layerNorm),
  layerNormBackward: () =>
    [32, 64, 256].flatMap((threads) => both.map((skip) => norm.layerNormBackward(threads, skip))),
  product: () =>
    (Object.keys(product.tiles) as product.TileName[]).flatMap((tile) =>
      [
        ...(['plain', 'bias', 'residual', 'gelu', 'gelu_new'] as const).map((finish) => ['nn', finish] as const),
        ['nt', 'plain'] as const,
        ...(['into', 'into with bias', 'parts'] as const).map((finish) => ['tn', finish] as const),
      ].flatMap(([form, finish]) =>
        both.flatMap((a) =>
          both.flatMap((b) =>
            both.flatMap((c) => [1, 8].map((unroll) => product.product(form, tile, finish, a, b, c, unroll))),
          ),
        ),
      ),
    ),
  sumParts: () => both.map(product.sumParts),
  embedding: () => both.map(rows.embedding),
  geluBackward: () => (['gelu', 'gelu_new'] as const).map(rows.geluBackward),
}
const single: Record<string, Kernel> = {
  attentionDelta: attentionBackward.attentionDelta,
  appendToCache: contextAttention.appendToCache,
  argmax: loss.argmax,
  gainParts: norm.gainParts,
  squares: optimizer.squares,
  adamW: optimizer.adamW,
  fill: rows.fill,
  axpy: rows.axpy,
  gatherRows: rows.gatherRows,
  tokensBackward: rows.tokensBackward,
  positionsBackward: rows.positionsBackward,
}

function tileOf(size: number): [number, number] {
  const { queries, keys } = attentionTile(size, workgroupBytes)
  return [queries, keys]
}

let browser: Browser
let page: Page
let missing: string | null
beforeAll(async () => {
  browser = await launchChromium('--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader')
  page = await browser.newPage()
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<p>WebGPU</p>' }))
  await page.goto('http://localhost:9/') // WebGPU is for secure pages alone; localhost is one
  missing = await page.evaluate(async () => {
    const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<unknown> } }
    return (await gpu?.requestAdapter()) ? null : 'this Chromium has no WebGPU'
  })
})
afterAll(() => browser.close())

/** What Tint says of each kernel whose module or pipeline it refuses. */
const complaintsOf = (kernels: Kernel[]): Promise<string[]> =>
  page.evaluate(
    async (all) => {
      interface Messages {
        messages: { type: string; message: string; lineNum: number }[]
      }
      interface Device {
        createShaderModule(text: { code: string }): { getCompilationInfo(): Promise<Messages> }
        createComputePipelineAsync(what: unknown): Promise<unknown>
      }
      const { gpu } = navigator as unknown as {
        gpu: {
          requestAdapter(): Promise<{ limits: Record<string, number>; requestDevice(o: unknown): Promise<Device> }>
        }
      }
      const adapter = await gpu.requestAdapter()
      const { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage } = adapter.limits
      const requiredLimits = { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage }
      const device = await adapter.requestDevice({ requiredLimits })
      const said: string[] = []
      for (const { name, code, isWhole } of all) {
        const module = device.createShaderModule({ code })
        const { messages } = await module.getCompilationInfo()
        for (const { type, message, lineNum } of messages)
          if (type === 'error') said.push(`${name}, line ${lineNum}: ${message}`)
        if (isWhole && !messages.some(({ type }) => type === 'error'))
          await device
            .createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })
            .catch((error: Error) => said.push(`${name}: ${error.message}`))
      }
      return said
    },
    // the software card takes seconds for a whole pipeline: one of each family
    kernels.map(({ name, code }, i) => ({ name, code, isWhole: i === 0 })),
  )

it('all kernels of the shaders are among those tried', () => {
  const folder = join(__dirname, '../../src/main/core/engine/gpu/shaders')
  const text = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const named = (how: string) =>
    text.flatMap((one) =>
      [...one.matchAll(new RegExp(`^export const (\\w+) = ${how}\\(`, 'gm'))].map(([, name]) => name),
    )
  expect(Object.keys(families).sort()).toEqual(named('kernelFamily').sort())
  expect(Object.keys(single).sort()).toEqual(named('defineKernel').sort())
})

it('the second compiler finds a wrong kernel', async (context) => {
  if (missing) context.skip(missing)
  const wrong = { ...rows.fill, code: rows.fill.code.replace('p.value', 'p.count') }
  expect(await complaintsOf([wrong])).toHaveLength(1)
})

it.each(Object.keys(families))('%s: every kernel compiles', async (family, context?: unknown) => {
  if (missing) (context as { skip(why: string): void }).skip(missing)
  expect(await complaintsOf(families[family]())).toEqual([])
})

it('the kernels that are alone compile', async (context) => {
  if (missing) context.skip(missing)
  for (const kernel of Object.values(single)) expect(await complaintsOf([kernel])).toEqual([])
})
