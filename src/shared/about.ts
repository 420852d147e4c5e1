// What a lab says of itself.

/** Doors the window may be behind, and what they can do that the others cannot. */
export interface About {
  version: string
  door: 'electron' | 'web'
  home: string
  /** Where exports go unless told otherwise. */
  exportsFolder: string
  platform: string
}
