/** Does something with each item, a few at a time, in their order. */
export async function inParallel<Item>(
  most: number,
  items: readonly Item[],
  run: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await run(items[next++]!);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
