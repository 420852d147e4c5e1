// The desktop's own dialogs, for the window that asks: null when the person closed them. What is chosen there, and what
// is dropped, may be used.
import { dialog, type BrowserWindow } from 'electron'
import { Fault } from '#shared/fault.ts'
import { safeFileName, writeSavedFile } from '#main/platform/disk/uploads.ts'

export interface Dialogs {
  chooseFiles(): Promise<string[] | null>
  chooseFolder(): Promise<string | null>
  saveFile(suggestedName: unknown, bytes: unknown): Promise<string | null>
  /** From preload alone, which reads the path from the file that was dropped; no page can say it. */
  noteDropped(path: unknown): Promise<void>
}

export function createDialogs(window: () => BrowserWindow | null, trust: (path: string) => void): Dialogs {
  const parent = (): BrowserWindow => {
    const found = window()
    if (!found) throw new Fault('unavailable', 'The window is closed.')
    return found
  }
  return {
    async chooseFiles() {
      // One dialog for files and folders exists on macOS alone; elsewhere a folder is dropped on the window.
      const { canceled, filePaths } = await dialog.showOpenDialog(parent(), {
        title: 'Add text',
        properties:
          process.platform === 'darwin'
            ? ['openFile', 'openDirectory', 'multiSelections']
            : ['openFile', 'multiSelections'],
        filters: [
          { name: 'Text', extensions: ['txt', 'md', 'jsonl', 'parquet'] },
          { name: 'All files', extensions: ['*'] },
        ],
      })
      if (canceled || filePaths.length === 0) return null
      filePaths.forEach(trust)
      return filePaths
    },
    async chooseFolder() {
      const { canceled, filePaths } = await dialog.showOpenDialog(parent(), {
        title: 'Choose a folder',
        properties: ['openDirectory', 'createDirectory'],
      })
      const [folder] = canceled ? [] : filePaths
      if (folder !== undefined) trust(folder)
      return folder ?? null
    },
    async saveFile(suggestedName, bytes) {
      if (typeof suggestedName !== 'string') throw new Fault('bad-input', 'The suggested name must be text.')
      if (!(bytes instanceof Uint8Array)) throw new Fault('bad-input', 'What is saved must be bytes.')
      const { canceled, filePath } = await dialog.showSaveDialog(parent(), { defaultPath: safeFileName(suggestedName) })
      if (canceled || !filePath) return null
      await writeSavedFile(filePath, bytes)
      return filePath
    },
    async noteDropped(path) {
      if (typeof path === 'string' && path !== '') trust(path)
    },
  }
}
