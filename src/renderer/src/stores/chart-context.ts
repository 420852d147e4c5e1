// What every chart needs of the window around it: its colours, and where saved pictures go.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Caption } from '../charts/caption.ts'
import { darkTheme, lightTheme } from '../charts/theme.ts'
import { formatDate } from '../format/times.ts'
import { useCorporaStore } from './corpora.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'
import { useStudiesStore } from './studies.ts'

export const useChartContext = defineStore('chart-context', () => {
  const lab = useLabStore()
  const notices = useNoticesStore()
  const studies = useStudiesStore()
  const corpora = useCorporaStore()
  const theme = computed(() => (lab.isDark ? darkTheme : lightTheme))
  const save = (file: { name: string; type: string; bytes: Uint8Array }) =>
    notices.attempt(async () => {
      const path = await lab.saveFile(file.name, file.type, file.bytes)
      if (path) notices.tell(`Saved as ${path}.`)
    })
  const copied = () => notices.tell('The picture is on the clipboard.')
  const failed = (message: string) => notices.fail(new Error(message))
  /** Over and under a saved picture: what it is, and from where. */
  function captionOf(about: Omit<Caption, 'provenance'>): Caption {
    const { current } = studies
    const corpus = current ? corpora.find(current.corpusId)?.name : undefined
    const parts = [`Isoflop ${lab.about?.version ?? ''}`.trim(), current?.name, corpus, formatDate(Date.now())]
    return { ...about, provenance: parts.filter((part) => part).join(' · ') }
  }
  /** What `LabChart` is given of it. */
  const bindings = computed(() => ({ theme: theme.value, onSave: save, onCopied: copied, onFailed: failed }))
  return { theme, save, captionOf, bindings }
})
