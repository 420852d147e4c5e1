// Generating: the right token, whole characters, an end, and a text longer than the context.
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import type { Continuation, Engine } from '#main/core/engine/engine.ts'
import { generate, generateText, type TextTokenizer } from '#main/core/generation/generate.ts'
import { sampleToken } from '#main/core/generation/sample.ts'

const bytes: TextTokenizer = {
  endOfText: 256,
  vocabulary: 257,
  encode: (text) => new TextEncoder().encode(text),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(Array.from(ids).filter((id) => id < 256))),
}
const options = { prompt: 'ab', tokens: 5, temperature: 0, topK: 0, topP: 1, seed: 1 }

/** Plays back ids, whatever it is fed, and remembers what that was. */
function scriptedEngine(script: number[], context: number, fed: number[][] = []): Engine {
  let next = 0
  const vocabulary = Math.max(257, ...script.map((id) => id + 1))
  const continuation = (): Continuation => {
    let length = 0
    return {
      async feed(tokens) {
        fed.push([...tokens])
        length += tokens.length
        if (length > context) throw new Error(`${length} tokens in a context of ${context}`)
        const logits = new Float32Array(vocabulary)
        logits[script[next++]] = 10
        return logits
      },
      get length() {
        return length
      },
      dispose() {},
    }
  }
  return { model: { shape: { context, vocabulary } }, continuation } as unknown as Engine
}

async function run(engine: Engine, changes: Partial<typeof options> = {}, signal?: AbortSignal) {
  const ids: number[] = []
  const generating = generate(engine, bytes, { ...options, ...changes }, signal)
  for (;;) {
    const next = await generating.next()
    if (next.done) return { ids, ...next.value, tokens: next.value.tokens.length }
    ids.push(next.value.id)
  }
}

const utf8 = (text: string) => [...new TextEncoder().encode(text)]

describe('generate', () => {
  it('adds the tokens asked for, one at a time', async () => {
    const fed: number[][] = []
    const result = await run(scriptedEngine(utf8('cdefgh'), 64, fed))
    expect(result).toMatchObject({ text: 'cdefg', tokens: 5, ids: utf8('cdefg') })
    // the last too: what would come after it is told
    expect(fed).toEqual([utf8('ab'), ...utf8('cdefg').map((id) => [id])])
  })

  it('is the same text where nobody asks for probabilities', async () => {
    for (const temperature of [0, 2]) {
      const { text } = await run(scriptedEngine(utf8('cdefgh'), 64), { temperature })
      expect(await generateText(scriptedEngine(utf8('cdefgh'), 64), bytes, { ...options, temperature })).toBe(text)
    }
  })

  it('ends at an end of text', async () => {
    expect(await run(scriptedEngine([99, 256, 100], 64))).toMatchObject({ text: 'c', tokens: 1 })
  })

  it('begins an empty prompt as a document begins', async () => {
    const fed: number[][] = []
    await run(scriptedEngine(utf8('x'), 64, fed), { prompt: '', tokens: 1 })
    expect(fed[0]).toEqual([256])
  })

  it('goes on from the last half when the context is full, and cuts a longer prompt from the left', async () => {
    const fed: number[][] = []
    const result = await run(scriptedEngine(utf8('defghijklm'), 4, fed), { prompt: 'abc', tokens: 6 })
    expect(result.text).toBe('defghi')
    expect(fed.map((ids) => bytes.decode(ids))).toEqual(['abc', 'd', 'de', 'f', 'g', 'gh', 'i'])
    const cut: number[][] = []
    await run(scriptedEngine(utf8('xy'), 4, cut), { prompt: 'abcdefgh', tokens: 2 })
    expect(cut.map((ids) => bytes.decode(ids))).toEqual(['efgh', 'hx', 'y'])
  })

  it('stops when told to', async () => {
    const stopping = new AbortController()
    stopping.abort()
    expect(await run(scriptedEngine(utf8('xyz'), 64), {}, stopping.signal)).toMatchObject({ text: '', tokens: 0 })
  })

  it('loses no character that its tokens make up', async () => {
    const script = utf8('é😀a')
    expect(await run(scriptedEngine(script, 64), { tokens: script.length })).toMatchObject({
      text: 'é😀a',
      ids: script,
    })
    expect(await run(scriptedEngine(utf8('é😀'), 64), { tokens: 4 })).toMatchObject({ text: 'é\uFFFD' })
  })

  it('never draws an id that the tokenizer does not have, however likely, nor counts it among the candidates', async () => {
    const padded = scriptedEngine([300, 300, 300], 64)
    for (const temperature of [0, 1]) {
      const generating = generate(padded, bytes, { ...options, tokens: 3, temperature })
      let next = await generating.next()
      while (!next.done) next = await generating.next()
      for (const { id, candidates } of next.value.tokens) {
        expect(id).toBeLessThan(bytes.vocabulary)
        expect(candidates.reduce((mass, { probability }) => mass + probability, 0)).toBeLessThanOrEqual(1 + 1e-9)
        expect(candidates.every((one) => one.id < bytes.vocabulary)).toBe(true)
      }
    }
  })

  it('reads the end of text in a prompt as the token, as transformers does', async () => {
    const fed: number[][] = []
    await run(scriptedEngine(utf8('x'), 64, fed), { prompt: 'a<|endoftext|>b', tokens: 1 })
    expect(fed[0]).toEqual([97, 256, 98])
  })

  it('shows no probability of a model whose numbers are broken, and still makes a text of it', async () => {
    const engine = scriptedEngine(utf8('cdefgh'), 64)
    const { continuation } = engine
    engine.continuation = () => {
      const inner = continuation()
      return { ...inner, feed: async (tokens) => (await inner.feed(tokens)).fill(NaN, 40, 50) }
    }
    await expect(run(engine)).rejects.toMatchObject({ code: 'diverged' })
    expect(await generateText(engine, bytes, options)).toHaveLength(5)
  })

  it('refuses options that mean nothing, and names the field', async () => {
    for (const [field, value] of [
      ['temperature', -1],
      ['topK', 1.5],
      ['topP', 0],
      ['tokens', NaN],
    ] as const) {
      await expect(run(scriptedEngine([99], 8), { [field]: value })).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringMatching(new RegExp(`^${field}: `)),
      })
    }
  })
})

describe('sampleToken', () => {
  const logits = Float32Array.of(Math.log(0.1), Math.log(0.4), Math.log(0.2), Math.log(0.3))
  const shares = (temperature: number, topK: number, topP: number) => {
    const random = createRandom(3)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 20000; i++) counts[sampleToken(logits, { temperature, topK, topP }, random)] += 1 / 20000
    return counts
  }
  const expectShares = (found: number[], expected: number[]) =>
    found.forEach((share, id) => expect(share).toBeCloseTo(expected[id], 1))

  it('follows the probabilities, sharper or flatter with the temperature', () => {
    expectShares(shares(1, 0, 1), [0.1, 0.4, 0.2, 0.3])
    expectShares(shares(0.5, 0, 1), [1 / 30, 16 / 30, 4 / 30, 9 / 30])
  })
  it('keeps the likeliest k', () => expectShares(shares(1, 2, 1), [0, 4 / 7, 0, 3 / 7]))
  it('keeps the likeliest that make up p, and always one', () => {
    expectShares(shares(1, 0, 0.65), [0, 4 / 7, 0, 3 / 7])
    expectShares(shares(1, 0, 0.01), [0, 1, 0, 0])
  })
  it('takes the first of the likeliest at temperature 0', () => {
    expect(sampleToken(Float32Array.of(1, 3, 3), { temperature: 0, topK: 0, topP: 1 }, createRandom(0))).toBe(1)
  })
  it('draws what sorting all of them would draw, equals and all', () => {
    const random = createRandom(11)
    for (let round = 0; round < 300; round++) {
      const many = Float32Array.from(
        { length: 1 + random.integer(round % 3 ? 60 : 200) },
        () => random.integer(round % 2 ? 5 : 1000) / 100,
      )
      const [temperature, topK, topP] = [
        0.3 + random.next(),
        random.integer(round % 3 ? 70 : 150),
        random.next() < 0.3 ? 1 : random.next(),
      ]
      const ids = [...many.keys()].sort((a, b) => many[b] - many[a] || a - b).slice(0, topK > 0 ? topK : undefined)
      const weights = ids.map((id) => Math.exp(many[id] / temperature))
      const whole = weights.reduce((a, b) => a + b)
      let kept = 0
      for (let mass = 0; mass < topP * whole * (1 - 1e-12) && kept < ids.length; kept++) mass += weights[kept]
      const drawn = new Set(
        Array.from({ length: 40 }, (_, i) => sampleToken(many, { temperature, topK, topP }, { next: () => i / 40 })),
      )
      expect(ids.slice(0, Math.max(1, kept))).toEqual(expect.arrayContaining([...drawn]))
      expect(drawn.has(ids[0]) || topP === 1).toBe(true)
    }
  })
  it('draws some token out of what has diverged', () => {
    for (const [topK, topP] of [
      [0, 1],
      [2, 1],
      [0, 0.5],
      [2, 0.5],
    ]) {
      expect([0, 1, 2]).toContain(
        sampleToken(Float32Array.of(1, NaN, 2), { temperature: 1, topK, topP }, createRandom(0)),
      )
    }
  })
  it('draws the same with the same seed', () => {
    const draw = () => {
      const random = createRandom(9)
      return Array.from({ length: 50 }, () => sampleToken(logits, { temperature: 1, topK: 0, topP: 1 }, random))
    }
    expect(draw()).toEqual(draw())
  })
})
