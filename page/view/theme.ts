// The colours of the pictures. The density has one hue and runs from faint to strong against the ground, so it can be
// read in grey and without seeing colours. The marks differ from it in lightness and hue.

export interface Theme {
  ink: string
  grid: string
  bars: string
  mark: string
  /** From few rows to many. */
  ramp: readonly (readonly [red: number, green: number, blue: number])[]
}

const LIGHT: Theme = {
  ink: '#3d4753',
  grid: '#d5dbe2',
  bars: '#a9bfd6',
  mark: '#b3400a',
  ramp: [
    [221, 232, 243],
    [146, 186, 220],
    [66, 130, 190],
    [24, 77, 141],
    [8, 29, 75],
  ],
}

const DARK: Theme = {
  ink: '#c3ccd6',
  grid: '#3a4450',
  bars: '#3d5f85',
  mark: '#ffb35c',
  ramp: [
    [32, 52, 82],
    [40, 88, 146],
    [74, 140, 202],
    [152, 202, 235],
    [240, 249, 255],
  ],
}

const dark = matchMedia('(prefers-color-scheme: dark)')

export const theme = (): Theme => (dark.matches ? DARK : LIGHT)

export function onThemeChange(draw: () => void): void {
  dark.addEventListener('change', draw)
}

/** The colour at a place of the ramp, from 0 to 1. */
export function shade({ ramp }: Theme, place: number): [number, number, number] {
  const at = Math.min(Math.max(place, 0), 1) * (ramp.length - 1)
  const i = Math.min(Math.floor(at), ramp.length - 2)
  const part = at - i
  const mix = (c: 0 | 1 | 2) => Math.round(ramp[i][c] + part * (ramp[i + 1][c] - ramp[i][c]))
  return [mix(0), mix(1), mix(2)]
}
