// What tells the errors of the list apart: beside it, or folded above it. A click on a value adds it to the query, another takes it out.
import type { ErrorFacets } from '../api/shapes';
import { useFacets } from '../api/triage';
import { Facets, type FacetValues } from '../components/Facets';
import { Failed, Outdated } from '../components/Notice';
import { Skeleton } from '../components/Skeleton';
import { go, usePlace } from '../lib/location';
import { asksForNone, hasTerm, toggleNone, toggleTerm } from '../lib/term';
import { useAsk } from './ask';
import classes from './ErrorListPanel.module.css';

export function FacetsAside({ enabled }: { enabled: boolean }) {
  const { q, all } = usePlace().view;
  const { data, error, refetch } = useFacets({ ...useAsk(), q, all, enabled });
  return (
    <aside className={classes.facets} aria-label="Filter">
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && <Failed what="The filters" error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton height={22} times={12} gap={7} label="Loading the filters" />}
      {data && (
        <Facets
          facets={facetsOf(data)}
          noun="error"
          isActive={(key, value) => (value === '' ? asksForNone(q, key) : hasTerm(q, key, value))}
          onToggle={(key, value) => go({ view: { q: value === '' ? toggleNone(q, key) : toggleTerm(q, key, value) } })}
        />
      )}
    </aside>
  );
}

/** With those that have no value, where one can ask for them. */
function facetsOf({ facets, errors }: ErrorFacets): FacetValues[] {
  return facets.map(({ key, values, without }) => {
    const said = values.map(({ value, errors: count }) => ({ value, count }));
    const canLack = key === 'assignee' || key.startsWith('label.');
    const rest = errors - without - said.reduce((sum, { count }) => sum + count, 0);
    return {
      name: key,
      values: canLack && without > 0 ? [...said, { value: '', count: without }] : said,
      other: key === 'is' ? 0 : Math.max(0, rest),
    };
  });
}
