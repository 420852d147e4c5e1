// The colours a chart is drawn in, and the one colour that each member has everywhere.

export interface ChartTheme {
  isDark: boolean
  surface: string
  text: string
  faint: string
  line: string
  grid: string
  /** Published families and everything that is not a member of this study. */
  neutral: string
  /** The fitted law. */
  law: string
  band: string
  font: string
}

const font = "'Inter Variable', system-ui, sans-serif"

export const lightTheme: ChartTheme = {
  isDark: false,
  surface: '#ffffff',
  text: '#1b1c1f',
  faint: '#63666e',
  line: '#b9bac0',
  grid: '#ecece8',
  neutral: '#7b7e86',
  law: '#1b1c1f',
  band: 'rgba(27, 28, 31, 0.09)',
  font,
}

export const darkTheme: ChartTheme = {
  isDark: true,
  surface: '#191b1f',
  text: '#e7e8eb',
  faint: '#979ca6',
  line: '#4a4e57',
  grid: '#26292f',
  neutral: '#8b8f98',
  law: '#e7e8eb',
  band: 'rgba(231, 232, 235, 0.11)',
  font,
}

// Plasma (Smith & van der Walt 2015), cut where it would come closer than 3:1 to the surface: lightness falls evenly,
// so the order
// survives every colour blindness and grey print.
const lightScale = ['#d2740f', '#d65d3d', '#cc4678', '#a92395', '#7e03a8', '#4b03a1', '#1d0a69']
const darkScale = ['#9a63f0', '#c35ad0', '#dc6a9f', '#ed7953', '#f99a3e', '#fdc328', '#f3f086']

/** The colour of the member at `place` of `count` by size, smallest first: small pale, large dark; reversed on dark. */
export function memberColour(place: number, count: number, isDark: boolean): string {
  const scale = isDark ? darkScale : lightScale
  const at =
    count <= 1 ? (scale.length - 1) / 2 : (Math.min(Math.max(place, 0), count - 1) / (count - 1)) * (scale.length - 1)
  const low = Math.floor(at)
  return mix(scale[low], scale[Math.min(low + 1, scale.length - 1)], at - low)
}

/** Symbols repeat what the colour says. */
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'roundRect', 'arrow'] as const
export const memberSymbol = (place: number): string =>
  symbols[((place % symbols.length) + symbols.length) % symbols.length]

/** A straight line between two `#rrggbb`. */
export function mix(from: string, to: string, share: number): string {
  const channels = (colour: string) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
  const [a, b] = [channels(from), channels(to)]
  return `#${a
    .map((value, i) =>
      Math.round(value + (b[i] - value) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

/** WCAG contrast of two `#rrggbb`, 1 to 21. */
export function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const value = parseInt(colour.slice(at, at + 2), 16) / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}
