// The names of the wires between the Electron window and its main process.

/** Requests: `invoke(labChannel, name, args)` answers a Reply. */
export const labChannel = 'lab:request'
/** What only the desktop can do: `invoke(doorChannel, name, args)` answers a Reply. */
export const doorChannel = 'door:request'
/** News: `{ kind, value }`. */
export const newsChannel = 'lab:news'
