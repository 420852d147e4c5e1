// What a component is to a test: something that `mount` takes; the window's own types are checked by vue-tsc.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<any, any, any>
  export default component
}
