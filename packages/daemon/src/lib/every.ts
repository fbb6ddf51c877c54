/** Work repeated for as long as something lives. */

/**
 * Runs `work` again `ms` after its last run ended, until disposed. It must not reject.
 */
export function every(ms: number, work: () => Promise<void>): Disposable {
  const state: { over: boolean; timer: NodeJS.Timeout | undefined } = {
    over: false,
    timer: undefined,
  };
  const again = () => {
    if (state.over) return;
    state.timer = setTimeout(() => void work().finally(again), ms).unref();
  };
  again();
  return {
    [Symbol.dispose]() {
      state.over = true;
      clearTimeout(state.timer);
    },
  };
}
