// The page: a file is opened, columns and options are chosen, a run shows its result. All work is done by a worker.
import { CANCELLED, Desk, DeskError } from './desk.js'
import { byId } from './elements.js'
import { chosenOptions, hideOptions, showFile } from './form.js'
import type { FileFormat, RunFacts, RunOptions, Step } from './messages.js'
import { counted } from './numbers.js'
import { stem } from './view/command.js'
import { chosenAxes, onAxesChange, showRun, showView, summaryOf } from './view/result.js'

const STAGES: Record<string, string> = {
  read: 'Reading the file',
  copy: 'Copying the rows',
  partition: 'Cutting the rows into cells',
  recombine: 'Choosing rows and weights',
  verify: 'Checking the moments',
  view: 'Drawing and comparing',
}

const work = byId('work', HTMLElement)
const form = byId('form', HTMLFormElement)
const input = byId('file', HTMLInputElement)
const run = byId('run', HTMLButtonElement)
const cancel = byId('cancel', HTMLButtonElement)
const saveSample = byId('save-sample', HTMLButtonElement)
const copy = byId('copy', HTMLButtonElement)
const progress = byId('progress', HTMLDivElement)
const stage = byId('stage', HTMLLabelElement)
const bar = byId('bar', HTMLProgressElement)
const status = byId('status', HTMLParagraphElement)
const error = byId('error', HTMLParagraphElement)
const result = byId('result', HTMLElement)

const desk = new Desk(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }))
let running: AbortController | undefined
let last: RunFacts | undefined
let sample: File | undefined

let attempts = 0

/** Does something, and says the sentence at its end, or its error. Only the last thing that was begun is spoken of. */
async function attempt(what: () => Promise<string>): Promise<void> {
  const mine = ++attempts
  const say = (text: string, failure = '') => {
    if (mine !== attempts) return
    status.textContent = text
    error.textContent = failure
  }
  say('')
  try {
    say(await what())
  } catch (cause) {
    if (cause instanceof DeskError && cause.code === CANCELLED) say('Cancelled.')
    else say('', sentence(cause as Error))
  }
}

function sentence(cause: Error): string {
  const code = cause instanceof DeskError ? cause.code : undefined
  return code === undefined ? `Something went wrong: ${cause.message}` : `${code}: ${cause.message}`
}

async function open(file: File): Promise<void> {
  running?.abort()
  await attempt(async () => {
    hideOptions()
    result.hidden = true
    showStep({ stage: 'read', done: 0, total: 0 })
    try {
      const facts = await desk.call('open', file)
      showFile(facts)
      return `${facts.name} is open: ${counted(facts.columns.length, 'column')}. Choose columns and size.`
    } finally {
      progress.hidden = true
    }
  })
}

async function compress(): Promise<void> {
  const options = chosenOptions()
  await attempt(async () => {
    if (options.columns.length === 0) throw new DeskError('choose at least one column of numbers', 'ERR_OPTION')
    const controller = new AbortController()
    running = controller
    const facts = await runWith(options, controller.signal)
    last = facts
    showRun(facts, options)
    await view(facts)
    if (matchMedia('(max-width: 60rem)').matches) result.scrollIntoView()
    return summaryOf(facts)
  })
}

async function runWith(options: RunOptions, signal: AbortSignal): Promise<RunFacts> {
  setRunning(true)
  try {
    return await desk.call('run', options, { signal, onStep: showStep })
  } finally {
    setRunning(false)
    running = undefined
  }
}

/** Shows the columns that are chosen for the axes. */
async function view(facts: RunFacts): Promise<void> {
  showStep({ stage: 'view', done: 0, total: 0 })
  try {
    showView(await desk.call('view', chosenAxes(facts.columns)), facts)
  } finally {
    progress.hidden = running === undefined
  }
}

function setRunning(isRunning: boolean): void {
  // The focus must not be lost with the button that has it.
  const isFocused = document.activeElement === run || document.activeElement === cancel
  run.hidden = isRunning
  cancel.hidden = !isRunning
  progress.hidden = !isRunning
  if (isRunning) showStep({ stage: 'read', done: 0, total: 0 })
  if (isFocused) (isRunning ? cancel : run).focus()
}

function showStep({ stage: name, done, total }: Step): void {
  progress.hidden = false
  stage.textContent = STAGES[name] ?? name
  if (total > 0) bar.value = done / total
  else bar.removeAttribute('value')
}

/** The browser's own way to save: a link to data that the page holds. */
function save(data: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(data)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

async function saveResult(format: FileFormat): Promise<void> {
  await attempt(async () => {
    const name = `${stem(last?.file ?? 'rows')}-few.${format}`
    save(await desk.call('save', format), name)
    return `${name} is saved.`
  })
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (running === undefined) void compress()
})
cancel.addEventListener('click', () => running?.abort())
input.addEventListener('change', () => {
  const [file] = input.files ?? []
  saveSample.hidden = true
  if (file !== undefined) void open(file)
})
byId('sample', HTMLButtonElement).addEventListener('click', async () => {
  sample ??= await desk.call('sample', undefined)
  input.value = ''
  saveSample.hidden = false
  await open(sample)
})
saveSample.addEventListener('click', () => sample && save(sample, sample.name))
byId('save-csv', HTMLButtonElement).addEventListener('click', () => void saveResult('csv'))
byId('save-npy', HTMLButtonElement).addEventListener('click', () => void saveResult('npy'))
onAxesChange(
  () =>
    void attempt(async () => {
      if (last !== undefined) await view(last)
      return ''
    }),
)

// A browser lets a page write to the clipboard only where it came over https, or from this machine.
copy.hidden = navigator.clipboard === undefined
copy.addEventListener('click', () =>
  attempt(async () => {
    await navigator.clipboard.writeText(byId('command', HTMLElement).textContent ?? '')
    return 'The command is copied.'
  }),
)

for (const name of ['dragenter', 'dragover']) {
  addEventListener(name, (event) => {
    event.preventDefault()
    document.body.classList.add('dropping')
  })
}
addEventListener('dragleave', ({ relatedTarget }) => {
  if (relatedTarget === null) document.body.classList.remove('dropping')
})
addEventListener('drop', (event) => {
  event.preventDefault()
  document.body.classList.remove('dropping')
  const [file] = event.dataTransfer?.files ?? []
  if (file === undefined) return
  saveSample.hidden = true
  void open(file)
})

byId('not-started', HTMLParagraphElement).hidden = true
work.hidden = false
void attempt(async () => {
  await desk.call('load', undefined)
  return 'Ready: the page is loaded and no longer needs the network.'
})
