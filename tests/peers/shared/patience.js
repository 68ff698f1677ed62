// How long a test waits for what must come, and how to say how long something took, on any machine.

/** Longer than the slowest machine needs: only what hangs reaches it. What may take how long is for a test to say itself. */
export const PATIENCE_MS = 60_000;

const TICK_MS = 10;

/**
 * Counts the milliseconds that we had since: what a loaded machine gave to others meanwhile is not held against anybody.
 * had() is never more than what passed in the world.
 */
export function stopwatch() {
  let had = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    had += Math.min(now - last, 2 * TICK_MS);
    last = now;
  };
  const timer = setInterval(look, TICK_MS).unref();
  return {
    had() {
      look();
      return had;
    },
    stop: () => clearInterval(timer),
  };
}
