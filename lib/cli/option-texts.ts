// What options mean that several commands have.

export const THREADS = 'how many threads to use (default: all processors)'
export const SCALE = "how cells are cut: 'standard', 'none', or a factor per column: 1,1,0.5"
export const QUALITY = "'best', or 'fast': keep no moments above the order"
export const SUPPORT =
  "'rows', or 'free': points that may lie anywhere, about as many times fewer as there are columns and one"
export const COLUMNS = 'the columns to use, a,b,c'
export const DROP = 'leave rows out that have a missing value, a text or a NaN in a column that is used'
