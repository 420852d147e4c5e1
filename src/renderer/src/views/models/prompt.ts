// The one prompt that playground, attention and comparison share; remembered.
import { useLocalStorage } from '@vueuse/core'

export const usePrompt = () => useLocalStorage('isoflop.prompt', 'The people of the United States')
