// For the readers of lib/io, in a browser: there is no file system. The page opens no path.
export function open(path: string): Promise<never> {
  return Promise.reject(new Error(`${path}: a browser opens no paths`))
}
