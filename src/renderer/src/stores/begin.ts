// The ways in: what one click of the first minute does.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { Study } from '#shared/study.ts'
import { useCorporaStore } from './corpora.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useShellStore } from './shell.ts'
import { useStudiesStore } from './studies.ts'

export const useBeginStore = defineStore('begin', () => {
  const studies = useStudiesStore()
  const corpora = useCorporaStore()
  const runs = useRunsStore()
  const shell = useShellStore()
  const notices = useNoticesStore()
  const isBusy = ref(false)

  /** A name that no study has yet: `Starter`, `Starter 2`. */
  const freeName = (name: string): string => {
    const taken = new Set(studies.studies.map((study) => study.name))
    if (!taken.has(name)) return name
    for (let i = 2; ; i++) if (!taken.has(`${name} ${i}`)) return `${name} ${i}`
  }

  /** The starter study, as it comes: not renamed members, not another text. */
  const createStarter = async (): Promise<Study> => {
    const { recipe, ladder, tokenizer } = studyPartsOf(starterPreset)
    const corpus = corpora.bundled[0]
    return studies.create(freeName('A scaling law emerges'), {
      recipe,
      ladder,
      ...(tokenizer ? { tokenizer } : {}),
      ...(corpus ? { corpusId: corpus.id } : {}),
    })
  }

  /** Cuts the bundled text for the first way in while a person still reads what it is. */
  async function prepare(): Promise<void> {
    const { tokenizer } = studyPartsOf(starterPreset)
    const corpus = corpora.bundled[0]
    if (!corpus || !tokenizer || studies.studies.length > 0) return
    await corpora.whenReady(corpus.id).catch(() => undefined)
    if (corpora.find(corpus.id)?.state === 'finished' && !corpora.tokensOf(corpus.id, tokenizer))
      await corpora.tokenize(corpus.id, tokenizer)
  }

  /** Creates the starter study, trains its whole ladder and shows the law growing. */
  async function watchLawEmerge(): Promise<void> {
    if (isBusy.value) return
    isBusy.value = true
    await notices.attempt(async () => {
      const corpus = corpora.bundled[0]
      if (corpus) await corpora.whenReady(corpus.id)
      const study = await createStarter()
      shell.go('law')
      await runs.start(
        study.id,
        study.ladder.members.filter((member) => member.isEnabled).map((member) => member.id),
      )
    })
    isBusy.value = false
  }

  /** A study of one's own, beginning with the starter ladder and the dial. */
  const shapeFamily = () =>
    notices.attempt(async () => {
      await studies.create(freeName('My family'))
      shell.go('family')
    })

  return { isBusy, prepare, watchLawEmerge, shapeFamily, freeName }
})
