// Colours that tell kinds apart which have no order: studies, and groups of runs by a text.

// Tol 2021, "bright" and "high-contrast", shifted until each stands at least 3:1 from its surface.
const onLight = ['#2d63a8', '#c0392b', '#1b7a3d', '#9a6b00', '#7a3e9d', '#00788a', '#b0326f', '#5b5f66']
const onDark = ['#7aaef0', '#f28b7d', '#6fcf97', '#e3b341', '#c39be8', '#56c5d6', '#f08fbf', '#a7abb3']

/** The colour of the kind at `place`, the same from 8 on again. */
export const hueAt = (place: number, isDark: boolean): string => (isDark ? onDark : onLight)[place % onLight.length]
