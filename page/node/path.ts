// For the readers of lib/io, in a browser: the ending of a file's name.
export function extname(path: string): string {
  return /[^./\\](\.[^./\\]*)$/.exec(path)?.[1] ?? ''
}
