// What preload hangs on the window, and what the build knows of style sheets and files.
/// <reference types="vite/client" />
import type { LabBridge } from '#shared/lab.ts'

declare global {
  interface Window {
    isoflop?: LabBridge
  }
}
