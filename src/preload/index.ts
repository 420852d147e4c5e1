// The bridge, nothing else: what the window may ask, hung on it as `window.isoflop`. Failures cross as plain Replies.
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { commandChannel, doorChannel, labChannel, newsChannel } from '#shared/channels.ts'
import { fromReply, type Reply } from '#shared/fault.ts'
import type { NewsKind } from '#shared/lab.ts'
import type { DroppedFile, LabBridge } from '#shared/lab-bridge.ts'

const ask = (name: string, ...args: unknown[]): Promise<Reply> =>
  ipcRenderer.invoke(doorChannel, name, args) as Promise<Reply>

/**
 * The path of a file that was dropped or picked; empty for one that a page made up. webUtils came with Electron 29;
 * before it a File carries its path itself.
 */
const pathOf = (file: DroppedFile): string => {
  if (webUtils) return webUtils.getPathForFile(file as never)
  return (file as unknown) instanceof File ? (file as unknown as { path: string }).path : ''
}

/** One ear for all news: Electron takes more than ten on a channel for a leak. */
const listeners = new Map<NewsKind, Set<(value: unknown) => void>>()
ipcRenderer.on(newsChannel, (_event, { kind, value }: { kind: NewsKind; value: unknown }) => {
  for (const hear of listeners.get(kind) ?? []) hear(value)
})

const bridge = {
  request: (name: string, ...args: unknown[]) => ipcRenderer.invoke(labChannel, name, args),
  listen(kind: NewsKind, listener: (news: unknown) => void) {
    const hear = (value: unknown): void => listener(value)
    listeners.set(kind, (listeners.get(kind) ?? new Set()).add(hear))
    return () => void listeners.get(kind)?.delete(hear)
  },
  door: {
    chooseFiles: async () => fromReply(await ask('chooseFiles')),
    chooseFolder: async () => fromReply(await ask('chooseFolder')),
    saveFile: async (suggestedName: string, bytes: Uint8Array) =>
      fromReply(await ask('saveFile', suggestedName, bytes)),
    onCommand(listener: (id: string) => void) {
      ipcRenderer.on(commandChannel, (_event, id: string) => listener(id))
    },
    pathOfFile(file: DroppedFile) {
      const path = pathOf(file)
      // Known to the main process before anything that names it is asked for.
      if (path) void ask('noteDropped', path)
      return path
    },
  },
}

contextBridge.exposeInMainWorld('isoflop', bridge as unknown as LabBridge)
