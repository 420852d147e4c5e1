// Where the window is put together.
import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './tokens.css'
import './base.css'
import './controls.css'
import './floating.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'

const dark = matchMedia('(prefers-color-scheme: dark)').matches
// before the settings are known, so that nothing flashes
document.documentElement.dataset['theme'] = dark ? 'dark' : 'light'
createApp(App).use(createPinia()).mount('#app')
