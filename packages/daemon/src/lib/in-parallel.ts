/** The same work for many, a few at a time. */

/**
 * The first failure begins nothing more, and is thrown when what was begun has ended.
 * @param width how many at a time, at least 1
 */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const workers = Array.from({ length: width }, async () => {
    try {
      await worker();
    } finally {
      queue.length = 0; // the queue is empty already, unless the work failed
    }
  });
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
