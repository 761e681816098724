// Debian's Chromium, for the tests of the page and its benchmark. It asks no server for anything by itself.
import { chromium } from 'playwright-core'

export function openChromium() {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', ...quiet],
  })
}
