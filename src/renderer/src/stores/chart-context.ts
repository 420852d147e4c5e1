// What every chart needs of the window around it: its colours, and where saved pictures go.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { darkTheme, lightTheme } from '../charts/theme.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'

export const useChartContext = defineStore('chart-context', () => {
  const lab = useLabStore()
  const notices = useNoticesStore()
  const theme = computed(() => (lab.isDark ? darkTheme : lightTheme))
  const save = (file: { name: string; type: string; bytes: Uint8Array }) =>
    notices.attempt(async () => {
      const path = await lab.saveFile(file.name, file.type, file.bytes)
      if (path) notices.tell(`Saved as ${path}.`)
    })
  const copied = () => notices.tell('The picture is on the clipboard.')
  const failed = (message: string) => notices.fail(new Error(message))
  /** What `LabChart` is given of it. */
  const bindings = computed(() => ({ theme: theme.value, onSave: save, onCopied: copied, onFailed: failed }))
  return { theme, save, bindings }
})
