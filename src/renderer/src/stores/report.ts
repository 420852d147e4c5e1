// The report of the open study: asked of the lab, read here, kept as a file, printed.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useLawStore } from './law.ts'
import { useLossUnit } from './loss-unit.ts'
import { useNoticesStore } from './notices.ts'
import { fileNameOf, useStudiesStore } from './studies.ts'

export const useReportStore = defineStore('report', () => {
  const bridge = useBridge()
  const lab = useLabStore()
  const law = useLawStore()
  const lossUnit = useLossUnit()
  const notices = useNoticesStore()
  const studies = useStudiesStore()
  const isMaking = ref(false)
  const report = shallowRef<{ name: string; html: string } | null>(null)

  /** Makes it of the study as it is now; members that a person took out of the fit are not in its law either. */
  async function open(): Promise<void> {
    const study = studies.current
    if (!study || isMaking.value) return
    isMaking.value = true
    await notices.attempt(async () => {
      await studies.save()
      const without = law.standings.filter(({ isExcluded }) => isExcluded).map(({ memberId }) => memberId)
      report.value = { name: study.name, html: await bridge.request('report', study.id, without, lossUnit.unit) }
    })
    isMaking.value = false
  }
  const close = () => (report.value = null)

  const save = () =>
    notices.attempt(async () => {
      if (!report.value) return
      const { name, html } = report.value
      const path = await lab.saveFile(`${fileNameOf(name)}-report.html`, 'text/html', new TextEncoder().encode(html))
      if (path) notices.tell(`Saved as ${path}.`)
    })

  return { isMaking, report, open, close, save }
})
