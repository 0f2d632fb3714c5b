// What a search asks, and the way through what it finds: from match to match and from page to page, whichever is on screen.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { searchQuery, useLabels, useSearch } from '../api/queries';
import type { Hit } from '../api/shapes';
import { cursorBefore, turnTo, usePlace } from '../lib/location';
import { seek } from '../lib/seek';
import { useAsk } from './ask';

export const limit = 50;

/** Bars of the curve. */
const buckets = 180;

/** Errors that are listed beside the samples. */
const errorsMax = 6;

/** Labels that are facets: more would be a wall. */
const labelsMax = 6;

export function useMatches() {
  const { q, cursor } = usePlace().view;
  const labels = useLabels();
  const { window, refreshMs } = useAsk();
  const facets = ['service', 'class', 'severity', ...(labels.data?.labels ?? []).slice(0, labelsMax)].join(',');
  const question = {
    window: { start: window.start, end: window.end },
    q,
    limit,
    facets,
    buckets,
    aggregates: errorsMax,
  };
  // What the labels are is part of the question: without waiting for them it would be asked twice.
  const found = useSearch({ ...question, cursor }, { refreshMs, enabled: !labels.isPending });
  return { found, question, pages: usePages(question, found.data) };
}

type Question = Omit<Parameters<typeof searchQuery>[0], 'cursor'>;

/** Which match of a page is opened when one gets there. */
type Opening = 'first' | 'last' | ((hits: Hit[]) => Hit | undefined) | undefined;

function usePages(question: Question, shown: { next_cursor?: string | null; summary?: Summed | null } | undefined) {
  const client = useQueryClient();
  const { pageNumber } = usePlace().view;
  const total = shown?.summary?.total ?? 0;
  const last = Math.max(1, Math.ceil(total / limit));
  const { mutate, isPending, error } = useMutation({
    mutationFn: async ({ page, opening }: { page: number; opening: Opening }) => {
      const cursor = page <= 1 ? '' : await cursorOf(page);
      const answer = await client.fetchQuery(searchQuery({ ...question, cursor }));
      const hits = answer.occurrences;
      const opened =
        opening === 'first'
          ? hits[0]
          : opening === 'last'
            ? hits.at(-1)
            : opening === undefined
              ? undefined
              : opening(hits);
      turnTo(
        cursor === '' && page > 1
          ? { cursor, pageNumber: 1, occurrence: '' }
          : { cursor, pageNumber: page, occurrence: opened?.id ?? '' },
        // Whoever steps from match to match goes back to where they began.
        opening !== undefined,
      );
    },
  });
  const cursorOf = async (page: number): Promise<string> => {
    if (page === pageNumber + 1 && shown?.next_cursor) return shown.next_cursor;
    const before = page === pageNumber - 1 ? cursorBefore() : undefined;
    if (before !== undefined) return before;
    return seek((page - 1) * limit, buckets, async ({ start, end, ...rest }) => {
      const window = { start: start ?? question.window.start, end: end ?? question.window.end };
      const answer = await client.fetchQuery(searchQuery({ window, q: question.q, ...rest }));
      return { next: answer.next_cursor ?? undefined, curve: answer.summary?.over_time ?? undefined };
    });
  };
  return {
    last,
    hasOlder: Boolean(shown?.next_cursor),
    isTurning: isPending,
    error: error ?? undefined,
    turn: (page: number, opening?: Opening) => {
      if (!isPending) mutate({ page, opening });
    },
  };
}

export type Pages = ReturnType<typeof usePages>;

interface Summed {
  total: number;
}
