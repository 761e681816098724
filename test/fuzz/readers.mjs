// The readers of lib/io as functions from bytes to a table, and the options that each is tested with.

// For the whole of readTable: the first byte chooses the ending of the file's name.
const ENDINGS = [
  '',
  '.csv',
  '.tsv',
  '.npy',
  '.npz',
  '.parquet',
  '.arrow',
  '.json',
  '.ndjson',
  '.pcd',
  '.safetensors',
  '.txt',
  '.feather',
]

/** Per reader: the module of lib/io and its function. */
const READERS = {
  csv: { file: 'csv', use: (module, source, options) => module.readCsv(source, options) },
  'csv-options': { file: 'csv', use: (module, source, options) => module.readCsv(source, options) },
  tsv: { file: 'csv', use: (module, source, options) => module.readTsv(source, options) },
  json: { file: 'json', use: (module, source, options) => module.readJson(source, options) },
  'json-lines': { file: 'json', use: (module, source, options) => module.readJsonLines(source, options) },
  npy: { file: 'npy', use: (module, source, options) => module.readNpy(source, options) },
  npz: { file: 'npz', use: (module, source, options) => module.readNpz(source, options) },
  parquet: { file: 'parquet', use: (module, source, options) => module.readParquet(source, options) },
  arrow: { file: 'arrow', use: (module, source, options) => module.readArrow(source, options) },
  pcd: { file: 'pcd', use: (module, source, options) => module.readPcd(source, options) },
  safetensors: { file: 'safetensors', use: (module, source, options) => module.readSafetensors(source, options) },
  any: { file: 'read', use: (module, source, options) => module.readSource(source, options) },
}

export const TARGETS = Object.keys(READERS)

/**
 * One reader. `load` imports a module of lib/io by its name, so that the tests use the sources and the fuzzer the
 * compiled modules. The bytes are the file, and also choose the options (`optionsOf`). For `any`, the first byte
 * chooses the ending of the file's name, and the rest is the file.
 */
// For csv-options, the first two bytes choose the options.
const CHOICES = [
  ['delimiter', [undefined, undefined, ',', ';', '\t', '|', ' ', ':']],
  ['decimal', [undefined, '.', ',']],
  ['comment', [undefined, '', '#', '%', '//']],
  ['skip', [undefined, 0, 1, 3]],
]
const MISSING = [undefined, ['-999'], ['-9999', 'none', '']]

export async function makeReader(target, load, optionsOf = optionsFor) {
  const { memorySource } = await load('bytes')
  const { file, use } = READERS[target]
  const module = await load(file)
  return (bytes) => {
    if (target === 'csv-options') {
      return use(module, memorySource('input', bytes.subarray(2)), textOptions(bytes[0] ?? 0, bytes[1] ?? 0))
    }
    if (target !== 'any') return use(module, memorySource('input', bytes), optionsOf(bytes))
    const ending = ENDINGS[(bytes[0] ?? 0) % ENDINGS.length]
    return use(module, memorySource(`input${ending}`, bytes.subarray(1)), {})
  }
}

/** The length of the input chooses the options. Most inputs are read with the default options. */
function optionsFor({ length }) {
  if (length % 8 === 5) return { columns: ['x', 'c0'] }
  if (length % 8 === 6) return { header: true }
  if (length % 8 === 7) return { header: false }
  return {}
}

function textOptions(first, second) {
  let rest = first + 256 * second
  const choose = (list) => {
    const chosen = list[rest % list.length]
    rest = Math.floor(rest / list.length)
    return chosen
  }
  const text = Object.fromEntries(CHOICES.map(([name, list]) => [name, choose(list)]))
  return { text, missing: choose(MISSING), header: choose([undefined, undefined, true, false]) }
}
