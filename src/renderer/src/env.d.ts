// What the build knows and TypeScript does not: single-file components, and the bridge that preload hangs on the window.
/// <reference types="vite/client" />
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

interface Window {
  isoflop?: import('#shared/lab.ts').LabBridge
}
