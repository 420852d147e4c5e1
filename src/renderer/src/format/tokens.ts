// Tokens as a person can see them: spaces and line ends are shown, nothing is left empty.

export function visibleToken(text: string): string {
  if (text === '') return '∅'
  return text
    .replace(/ /g, '␣')
    .replace(/\n/g, '⏎')
    .replace(/\t/g, '⇥')
    .replace(/[\u0000-\u001f\u007f]/g, '�')
}
