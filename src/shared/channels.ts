// The names of the wires between a window and its lab: Electron's channels, and what a browser says who it is by.

/** Requests: `invoke(labChannel, name, args)` answers a Reply. */
export const labChannel = 'lab:request'
/** What only the desktop can do: `invoke(doorChannel, name, args)` answers a Reply. */
export const doorChannel = 'door:request'
/** What the native menu asks of the window: a command, by its id. */
export const commandChannel = 'door:command'
/** News: `{ kind, value }`. */
export const newsChannel = 'lab:news'

/** The web door's WebSocket speaks `webProtocol`; the protocol offered beside it is this and the page's key. */
export const webProtocol = 'isoflop'
export const webKeyProtocol = 'key.'
/** The page's key in an upload's headers. */
export const webKeyHeader = 'x-isoflop-key'
