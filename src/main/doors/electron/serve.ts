// Answers the window: the lab's requests on one channel, the desktop's own abilities on another, and nobody but our
// page on either.
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron'
import { toFaultData, type Reply } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'
import { answer } from '#main/doors/common/answer.ts'
import type { TrustedPaths } from '#main/doors/common/trusted-paths.ts'
import { doorChannel, labChannel } from '#shared/channels.ts'
import type { Dialogs } from './dialogs.ts'

export interface ServeDeps {
  lab: Lab
  dialogs: Dialogs
  paths: Pick<TrustedPaths, 'check'>
  /** Whose messages count. */
  isOurs(sender: WebContents, frameUrl: string, isTopFrame: boolean): boolean
}

/** Starts answering; once an app. */
export function serve({ lab, dialogs, paths, isOurs }: ServeDeps): void {
  const check = (event: IpcMainInvokeEvent): Reply | null => {
    const frame = event.senderFrame
    const isAllowed = frame !== null && frame !== undefined && isOurs(event.sender, frame.url, frame.parent === null)
    return isAllowed ? null : { ok: false, code: 'bad-input', message: 'The lab answers its own window alone.' }
  }
  ipcMain.handle(
    labChannel,
    async (event, name: unknown, args: unknown) => check(event) ?? answer(lab, name, args, paths),
  )
  ipcMain.handle(doorChannel, async (event, name: unknown, args: unknown): Promise<Reply> => {
    const refusal = check(event)
    if (refusal) return refusal
    if (typeof name !== 'string' || !Object.prototype.hasOwnProperty.call(dialogs, name) || !Array.isArray(args)) {
      return { ok: false, code: 'bad-input', message: 'The desktop does not know this request.' }
    }
    try {
      const ability = dialogs[name as keyof Dialogs] as (...args: unknown[]) => Promise<unknown>
      return { ok: true, value: await ability(...args) }
    } catch (error) {
      return { ok: false, ...toFaultData(error) }
    }
  })
}
