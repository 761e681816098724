// The text of the browser's worker, which native/wasm-worker.mjs makes.
declare module '#worker-source' {
  const source: string
  export default source
}
