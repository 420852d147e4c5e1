// The playground: one prompt asked of one model or of several, one after the other; every answer with its tokens, and
// what was asked before.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toFaultData } from '#shared/fault.ts'
import type { Generated, GeneratedToken } from '#shared/inspection.ts'
import type { GenerateOptions } from '#shared/run.ts'
import { titleOf, useModelsStore, type Entry } from './models.ts'

/** Models that are asked the same prompt at most. */
export const mostAsked = 5
/** Prompts that are remembered, and characters of each answer. */
const mostRemembered = 30
const longestRemembered = 600

type Options = Required<Pick<GenerateOptions, 'tokens' | 'temperature' | 'topK' | 'topP' | 'seed'>>

export interface Answer {
  /** Of the entry that was asked. */
  key: string
  title: string
  state: 'waiting' | 'writing' | 'done' | 'stopped' | 'failed'
  tokens: GeneratedToken[]
  /** The whole, once it is there. */
  written: Generated | null
  problem: string | null
}

/** With the same options the same models write the same again. */
export interface Remembered {
  atMs: number
  prompt: string
  options: Options
  answers: { title: string; text: string }[]
}

const usual: Options = { tokens: 60, temperature: 0.8, topK: 0, topP: 0.95, seed: 1 }

export const usePlayground = defineStore('playground', () => {
  const models = useModelsStore()
  /** Shared with attention and comparison. */
  const prompt = useLocalStorage('isoflop.prompt', 'The people of the United States')
  const options = useLocalStorage('isoflop.playground', usual, { mergeDefaults: true })
  const history = useLocalStorage<Remembered[]>('isoflop.playground-history', [])
  /** Keys of models asked beside the chosen one. */
  const beside = ref<string[]>([])
  const answers = shallowRef<Answer[]>([])
  /** What the answers go on from. */
  const asked = ref('')
  const isBusy = ref(false)
  let stopOne: (() => void) | null = null
  let isStopping = false

  const put = (key: string, changes: Partial<Answer>) =>
    (answers.value = answers.value.map((one) => (one.key === key ? { ...one, ...changes } : one)))

  /** Others that can be asked the same: not the chosen one itself. */
  const others = (chosen: Entry) => models.entries.filter(({ key }) => key !== chosen.key)
  const askedWith = (chosen: Entry): Entry[] => [
    chosen,
    ...others(chosen).filter(({ key }) => beside.value.includes(key)),
  ]
  function askBeside(key: string, isIn: boolean): void {
    beside.value = isIn ? [...beside.value, key].slice(-(mostAsked - 1)) : beside.value.filter((one) => one !== key)
  }

  async function write(chosen: Entry): Promise<void> {
    if (isBusy.value) return
    const entries = askedWith(chosen)
    const wanted = { prompt: prompt.value, ...options.value }
    isBusy.value = true
    isStopping = false
    asked.value = wanted.prompt
    answers.value = entries.map((entry) => ({
      key: entry.key,
      title: titleOf(entry),
      state: 'waiting',
      tokens: [],
      written: null,
      problem: null,
    }))
    // One after the other: each has the whole machine, and the lab keeps only two models loaded.
    for (const entry of entries) if (!isStopping) await writeOne(entry, wanted)
    for (const { key, state } of answers.value) if (state === 'waiting') put(key, { state: 'stopped' })
    isBusy.value = false
    remember(wanted)
  }

  async function writeOne({ key, subject }: Entry, wanted: GenerateOptions): Promise<void> {
    put(key, { state: 'writing' })
    const so = () => answers.value.find((one) => one.key === key)?.tokens ?? []
    try {
      const written = await models.generate(
        subject,
        wanted,
        (more) => put(key, { tokens: [...so(), ...more] }),
        (how) => (stopOne = how),
      )
      put(key, { state: isStopping ? 'stopped' : 'done', tokens: written.tokens, written })
    } catch (error) {
      const { code, message } = toFaultData(error)
      // stopping leaves what was written until then
      put(key, code === 'cancelled' ? { state: 'stopped' } : { state: 'failed', problem: message })
    }
    stopOne = null
  }

  function stop(): void {
    isStopping = true
    stopOne?.()
  }

  /** The same prompt once more, drawn otherwise. */
  function again(chosen: Entry): Promise<void> {
    options.value = { ...options.value, seed: (options.value.seed + 1) % 2 ** 32 }
    return write(chosen)
  }

  function remember({ prompt: of, ...given }: GenerateOptions): void {
    const texts = answers.value.flatMap(({ title, tokens }) =>
      tokens.length
        ? [
            {
              title,
              text: tokens
                .map(({ text }) => text)
                .join('')
                .slice(0, longestRemembered),
            },
          ]
        : [],
    )
    if (texts.length === 0) return
    const { tokens, temperature, topK, topP, seed } = given
    const made = { atMs: Date.now(), prompt: of, options: { tokens, temperature, topK, topP, seed }, answers: texts }
    history.value = [made, ...history.value].slice(0, mostRemembered)
  }

  /** Prompt and options as they were, ready to be asked again. */
  function recall({ prompt: of, options: given }: Remembered): void {
    prompt.value = of
    options.value = { ...given }
  }
  const forgetAll = () => (history.value = [])
  const hasAnswers = computed(() => answers.value.some(({ tokens, written }) => tokens.length > 0 || written !== null))

  return {
    prompt,
    options,
    history,
    beside,
    answers,
    asked,
    isBusy,
    hasAnswers,
    others,
    askBeside,
    write,
    stop,
    again,
    recall,
    forgetAll,
  }
})
