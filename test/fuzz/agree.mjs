export async function agreements() {
  return []
}
