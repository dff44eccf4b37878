/** One page of a list, as every list route of the API answers. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** Asked for at a time: the most that the API gives. */
const PER_PAGE = 200;

/** Reads a list to its end, page by page. For lists that one account keeps short; rejects as `read` does. */
export async function wholeList<T>(
  read: (query: { readonly limit: number; readonly cursor?: string }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const data: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: PER_PAGE, ...(cursor === null ? {} : { cursor }) });
    data.push(...page.data);
    cursor = page.hasMore ? page.nextCursor : null;
  } while (cursor !== null);
  return { data, nextCursor: null, hasMore: false };
}
