// The look of all pictures: dark text on white, shades of grey and one dark blue, which differ in grey too.

/** DejaVu Sans where it is, or one whose letters are about as wide. */
export const FONTS = 'DejaVu Sans, Verdana, Arial, sans-serif'

/** Of kept points. */
export const INK = '#0b3c6f'
export const OPACITY = 0.5

/** Of the density, from little to much. */
export const SHADES = ['#cccccc', '#000000']

/** Of the histogram of the original. */
export const GREY = '#b4b4b4'

/** The configuration of Vega-Lite. */
export const CONFIG = {
  aria: false, // descriptions of thousands of marks would double the file
  font: FONTS,
  axis: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: 'normal' },
  legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', titleLimit: 600 },
  title: { anchor: 'start', fontSize: 15, subtitleFontSize: 12, subtitleColor: '#333333', offset: 10 },
  view: { stroke: '#888888' },
}

/** XML cannot have control characters, and names of columns can. */
export function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}
