// The lab itself: which door, which machine, which settings, and whether it can be reached.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { usePreferredDark } from '@vueuse/core'
import type { About } from '#shared/lab.ts'
import type { DroppedFile } from '#shared/lab-bridge.ts'
import type { Machine } from '#shared/engine.ts'
import { defaultSettings, type Settings } from '#shared/settings.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'

export const useLabStore = defineStore('lab', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const about = shallowRef<About | null>(null)
  const machine = shallowRef<Machine | null>(null)
  const settings = shallowRef<Settings>(defaultSettings)
  const isConnected = ref(true)
  const isMeasuring = ref(false)
  const prefersDark = usePreferredDark()
  const isDark = computed(() =>
    settings.value.theme === 'system' ? prefersDark.value : settings.value.theme === 'dark',
  )

  /** Why everything takes long here: the native engine does not run, and no graphics card does. Null elsewhere. */
  const whySlow = computed(() => {
    const native = machine.value?.probes.find(({ name }) => name === 'native')
    const isFast = !machine.value || ['native', 'gpu', 'cuda'].includes(machine.value.engine)
    return isFast || !native || native.isAvailable ? null : native.description
  })

  bridge.listen('machine', (news) => (machine.value = news))
  bridge.listen('settings', (news) => (settings.value = news))

  async function load(): Promise<void> {
    const [first, second] = await Promise.all([bridge.request('about'), bridge.request('settings')])
    about.value = first
    settings.value = second
    // Measuring can take seconds at the very first start: nothing waits for it.
    bridge.request('machine').then((known) => (machine.value = known), notices.fail)
  }

  /** Calls back whenever the lab is there again after it was gone. */
  function onBack(work: () => void): void {
    bridge.door.connection?.listen((now) => {
      const was = isConnected.value
      isConnected.value = now
      if (now && !was) work()
    })
  }

  async function change(changes: Partial<Settings>): Promise<void> {
    const before = settings.value
    settings.value = { ...before, ...changes }
    try {
      settings.value = await bridge.request('updateSettings', changes)
    } catch (error) {
      settings.value = before
      notices.fail(error)
    }
  }

  async function measure(): Promise<void> {
    isMeasuring.value = true
    await notices.attempt(async () => (machine.value = await bridge.request('measureMachine')))
    isMeasuring.value = false
  }

  /**
   * Keeps bytes where the person wants them: a save dialog where there is one, else the browser's downloads. Returns
   * the path, or null.
   */
  async function saveFile(name: string, type: string, bytes: Uint8Array): Promise<string | null> {
    if (bridge.door.saveFile) return bridge.door.saveFile(name, bytes)
    const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }))
    const link = document.createElement('a')
    link.href = address
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
    return name
  }

  const canChooseFiles = !!bridge.door.chooseFiles
  const canChooseFolder = !!bridge.door.chooseFolder
  const chooseFiles = async () => (await bridge.door.chooseFiles?.()) ?? null
  const chooseFolder = async () => (await bridge.door.chooseFolder?.()) ?? null

  /** Where a dropped file lies on the lab's machine; sends it there when the lab cannot see it. */
  async function placeFile(file: DroppedFile, progress: (doneBytes: number) => void): Promise<string> {
    const path = bridge.door.pathOfFile?.(file)
    if (path) return path
    if (!bridge.door.uploadFile) throw new Error(`${file.name} cannot be reached from here. Type its path instead.`)
    return bridge.door.uploadFile(file, progress)
  }

  return {
    about,
    machine,
    settings,
    isConnected,
    isMeasuring,
    isDark,
    whySlow,
    load,
    onBack,
    change,
    measure,
    saveFile,
    canChooseFiles,
    canChooseFolder,
    chooseFiles,
    chooseFolder,
    placeFile,
  }
})
