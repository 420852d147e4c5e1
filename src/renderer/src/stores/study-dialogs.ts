// What is asked about a study: its name, its file, whether it should go.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { Study } from '#shared/study.ts'
import { useDeletedStore } from './deleted.ts'
import { useRunsStore } from './runs.ts'
import { useShellStore } from './shell.ts'
import { useStudiesStore } from './studies.ts'

export const useStudyDialogs = defineStore('study-dialogs', () => {
  const shell = useShellStore()
  const studies = useStudiesStore()
  const runs = useRunsStore()
  const deleted = useDeletedStore()
  /** The name being asked for: of a new study (null) or of an old one. */
  const naming = shallowRef<{ study: Study | null } | null>(null)
  const wantsFile = ref(0)

  const create = () => (naming.value = { study: null })
  const rename = (study: Study) => (naming.value = { study })
  const openFile = () => void wantsFile.value++

  function remove(study: Study): void {
    const count = runs.ofStudy(study.id).length
    shell.ask({
      title: `Delete ${study.name}?`,
      text: `${count ? `Its ${count === 1 ? 'run goes' : `${count} runs go`} with it. ` : ''}${deleted.promise}`,
      action: 'Delete study',
      isDangerous: true,
      run: () => void studies.remove(study),
    })
  }

  return { naming, wantsFile, create, rename, openFile, remove }
})
