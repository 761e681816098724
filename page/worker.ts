// The worker of the page: it reads the file, holds the rows and computes. Nothing that it does needs a network.
import { load } from 'fewpoints'
import { CANCELLED } from './desk.js'
import type { Answer, Argument, CallName, FileFormat, FromWorker, Step, ToWorker } from './messages.js'
import { type OpenFile, openFile } from './reading/open-file.js'
import { sampleFile } from './reading/sample.js'
import { keptFile } from './result/kept-file.js'
import { type Run, runOn } from './result/run.js'
import { viewOf } from './result/view.js'

interface Watch {
  signal: AbortSignal
  onStep(step: Step): void
}

let loaded: Promise<void> | undefined
let open: OpenFile | undefined
let last: Run | undefined

/** What the page may ask for. */
const answers: { [Name in CallName]: (argument: Argument<Name>, watch: Watch) => Promise<Answer<Name>> } = {
  async load() {
    loaded ??= load({ wasm: new URL('./fewpoints.wasm', import.meta.url) })
    await loaded
    return undefined
  },
  async open(file) {
    open = await openFile(file)
    return open.facts
  },
  sample: async () => sampleFile(),
  async run(options, { signal, onStep }) {
    if (open === undefined) throw new Error('no file is open')
    await loaded
    last = await runOn(open, options, signal, onStep)
    return last.facts
  },
  async view(axes) {
    if (last === undefined) throw new Error('nothing was compressed')
    return viewOf(last, axes)
  },
  async save(format: FileFormat) {
    if (last === undefined) throw new Error('nothing was compressed')
    return keptFile(last, format)
  },
}

const running = new Map<number, AbortController>()
const post = (message: FromWorker) => postMessage(message)

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('cancel' in data) running.get(data.cancel)?.abort()
  else void answer(data.id, data.name, data.argument)
})

/** The readers' help names options of the command line, which the page does not have. */
const ofPage = (message: string) => message.replace(/; (?=--[a-z])/, '; on the command line, ')

async function answer(id: number, name: CallName, argument: unknown): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  running.set(id, controller)
  const call = answers[name] as (argument: unknown, watch: Watch) => Promise<unknown>
  try {
    post({ id, answer: await call(argument, { signal, onStep: (step) => post({ id, step }) }) })
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    post({ id, error: signal.aborted ? { code: CANCELLED, message: 'cancelled' } : { code, message: ofPage(message) } })
  } finally {
    running.delete(id)
  }
}
