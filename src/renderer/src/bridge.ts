// The window's only door: the bridge that preload hung on the window, or the same over a WebSocket.
import { Fault, fromReply, type FaultCode, type Reply } from '#shared/fault.ts'
import type { LabBridge } from '#shared/lab-bridge.ts'
import { createWebBridge } from './web-bridge.ts'

declare global {
  interface Window {
    /** Hung here by preload; absent in a browser. */
    isoflop?: LabBridge
  }
}

let bridge: LabBridge | null = null

/** The lab, as the window sees it. */
export function useBridge(): LabBridge {
  bridge ??= createBridge(window.isoflop)
  return bridge
}

/** Puts another lab behind the window: tests, and pages that play a scripted one. */
export function setBridge(other: LabBridge | null): void {
  bridge = other
}

function createBridge(preload: LabBridge | undefined): LabBridge {
  return preload ? guard(preload) : createWebBridge(new URL(location.href))
}

/** Sends plain copies (a Vue proxy cannot be cloned) and throws failures as the Fault they were. */
export function guard(preload: LabBridge): LabBridge {
  const request: LabBridge['request'] = ((name: never, ...args: never[]) =>
    (preload.request as (name: string, ...args: unknown[]) => Promise<unknown>)(name, ...args.map(plain)).then(
      unwrap,
      rethrow,
    )) as never
  return { request, listen: preload.listen.bind(preload), door: preload.door }
}

/** A copy with nothing but data in it. */
const plain = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))

const isReply = (value: unknown): value is Reply =>
  typeof value === 'object' &&
  value !== null &&
  'ok' in value &&
  (('value' in value && value.ok === true) || ('message' in value && value.ok === false))

const unwrap = (value: unknown): unknown => (isReply(value) ? fromReply(value) : value)

function rethrow(error: unknown): never {
  if (error instanceof Fault) throw error
  const data = error as { code?: FaultCode; message?: string; details?: string } | null
  const message = (data?.message ?? String(error)).replace(/^Error invoking remote method '[^']*': (?:\w*Error: )?/, '')
  throw new Fault(data?.code ?? 'failed', message || 'Something failed without saying why.', {
    details: data?.details,
    cause: error,
  })
}
