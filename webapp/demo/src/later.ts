// What nobody waits for: done behind the next frame, each in a task and a frame of its own, so that what the reader does
// wait for is laid out alone, and no task is long.

const due = new Map<string, () => void>()

/** Has something done later; of several by one name only the last is done, at the place of the first. */
export function later(name: string, f: () => void): void {
  if (due.size === 0) next()
  due.set(name, f)
}

// A frame's callbacks come before its layout, a timer set by them behind it.
function next(): void {
  requestAnimationFrame(() =>
    setTimeout(() => {
      const [first] = due
      if (!first) return
      const [name, f] = first
      if (due.size > 1) next()
      due.delete(name)
      f()
    }),
  )
}
