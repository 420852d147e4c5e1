// What a terminal or a list may show of a name that came from anywhere: nothing that commands it.

/** Without control characters (C0, DEL, C1) and bidirectional controls; line breaks and tabs stay. */
export const printable = (text: string): string => text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '')

/** The same in one line: what parts lines or columns becomes a blank. */
export const oneLine = (text: string): string => printable(text.replace(/\r\n|[\r\n\t\u2028\u2029]/g, ' '))
