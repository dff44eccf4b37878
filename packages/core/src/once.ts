/**
 * Work that is done once: the first call begins it, and later ones share what it gave. What failed is not kept: the
 * next call begins it anew.
 */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    if (begun !== undefined) return begun;
    const mine = work();
    begun = mine;
    mine.catch(() => {
      if (begun === mine) begun = undefined;
    });
    return mine;
  };
}
