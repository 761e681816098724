// For the readers of lib/io, in a browser: node:buffer, by the package of that name.
export { Buffer } from 'buffer/'

export const constants = { MAX_LENGTH: 2 ** 32, MAX_STRING_LENGTH: 2 ** 29 - 24 }
