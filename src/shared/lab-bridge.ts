// The lab as the window holds it: what a door hangs there, and what that door alone can do.
import type { Lab, LabNews, NewsKind } from './lab.ts'

/** What a door hangs on the window: `window.isoflop` in Electron; the web door builds the same over a WebSocket. */
export interface LabBridge {
  request<K extends keyof Lab>(name: K, ...args: Parameters<Lab[K]>): ReturnType<Lab[K]>
  /** Returns the way to stop listening. */
  listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void): () => void
  /** What only this door can do; absent where it cannot. */
  door: DoorAbilities
}

/** A DOM File; named here because shared has no DOM. */
export interface DroppedFile {
  readonly name: string
  readonly size: number
}

export interface DoorAbilities {
  /** Native dialogs, Electron only: null when the person closed them. */
  chooseFiles?(): Promise<string[] | null>
  chooseFolder?(): Promise<string | null>
  saveFile?(suggestedName: string, bytes: Uint8Array): Promise<string | null>
  /** Electron only: hears which of the window's commands its native menu was asked for, by their ids. */
  onCommand?(listener: (id: string) => void): void
  /** The path of a file dropped on the window, Electron only. */
  pathOfFile?(file: DroppedFile): string
  /** Web only: sends a dropped file to the lab's machine and returns where it lies. */
  uploadFile?(file: DroppedFile, progress: (doneBytes: number) => void): Promise<string>
  /** Web only: says when the lab cannot be reached and when it is back. */
  connection?: { listen(listener: (isConnected: boolean) => void): () => void }
}
