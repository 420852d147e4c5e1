// HTML as text: whatever a person or a model wrote is escaped where it enters.

/** Text that is HTML already. */
export interface Markup {
  html: string
}
type Part = string | number | Markup | null | readonly (string | number | Markup | null)[]

const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const textOf = (part: Part): string =>
  part === null
    ? ''
    : typeof part === 'string' || typeof part === 'number'
      ? String(part).replace(/[&<>"']/g, (letter) => named[letter])
      : 'html' in part
        ? part.html
        : part.map(textOf).join('')

/** A template whose values are escaped, unless they are markup themselves. */
export const markup = (texts: TemplateStringsArray, ...parts: Part[]): Markup => ({
  html: texts.map((text, i) => text + (i < parts.length ? textOf(parts[i]) : '')).join(''),
})

/** `numeric`: columns set to the right. */
export function table(head: readonly string[], rows: readonly (readonly Part[])[], numeric: readonly number[]): Markup {
  const kind = (i: number) => (numeric.includes(i) ? markup` class="n"` : null)
  const title = (text: string, i: number) => (text ? markup`<th${kind(i)}>${text}</th>` : markup`<td></td>`)
  return markup`<div class="wide"><table><thead><tr>${head.map(title)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map((part, i) => markup`<td${kind(i)}>${part}</td>`)}</tr>\n`)}</tbody></table></div>`
}
