// Files on their way to the lab's machine, and how far each is.
import { ref } from 'vue'
import type { DroppedFile } from '#shared/lab-bridge.ts'
import { useLabStore } from './lab.ts'

export interface Upload {
  name: string
  doneBytes: number
  totalBytes: number
}

/**
 * One place's uploads: `place` gives the paths of files on the lab's machine, sent there first where it cannot see
 * them.
 */
export function createUploads() {
  const lab = useLabStore()
  const uploads = ref<Upload[]>([])
  async function place(files: DroppedFile[]): Promise<string[]> {
    const paths: string[] = []
    try {
      for (const file of files) {
        const entry = { name: file.name, doneBytes: 0, totalBytes: file.size }
        uploads.value = [...uploads.value, entry]
        paths.push(
          await lab.placeFile(file, (doneBytes) => {
            entry.doneBytes = doneBytes
            uploads.value = [...uploads.value]
          }),
        )
      }
    } finally {
      uploads.value = []
    }
    return paths
  }
  return { uploads, place }
}
