// The desktop's own dialogs, for the window that asks: null when the person closed them.
import { dialog, type BrowserWindow } from 'electron'
import { Fault } from '#shared/fault.ts'
import { safeFileName, writeSavedFile } from '#main/platform/disk/uploads.ts'

export interface Dialogs {
  chooseFiles(): Promise<string[] | null>
  chooseFolder(): Promise<string | null>
  saveFile(suggestedName: unknown, bytes: unknown): Promise<string | null>
}

export function createDialogs(window: () => BrowserWindow | null): Dialogs {
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
      return canceled || filePaths.length === 0 ? null : filePaths
    },
    async chooseFolder() {
      const { canceled, filePaths } = await dialog.showOpenDialog(parent(), {
        title: 'Choose a folder',
        properties: ['openDirectory', 'createDirectory'],
      })
      return canceled ? null : (filePaths[0] ?? null)
    },
    async saveFile(suggestedName, bytes) {
      if (typeof suggestedName !== 'string') throw new Fault('bad-input', 'The suggested name must be text.')
      if (!(bytes instanceof Uint8Array)) throw new Fault('bad-input', 'What is saved must be bytes.')
      const { canceled, filePath } = await dialog.showSaveDialog(parent(), { defaultPath: safeFileName(suggestedName) })
      if (canceled || !filePath) return null
      await writeSavedFile(filePath, bytes)
      return filePath
    },
  }
}
