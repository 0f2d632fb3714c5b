// By what all matches are told apart. A value goes into the query, and out of it again.
import { useState } from 'react';
import { count, counted } from '../lib/format';
import { dimensionName } from '../lib/series';
import { visible } from '../lib/text';
import classes from './Facets.module.css';
import { Foreign } from './Foreign';
import { Icon } from './Icon';

/** Values that are shown before somebody asks for more. */
const fewMax = 6;

export interface FacetValues {
  name: string;
  values: { value: string; count: number }[];
  other: number;
}

interface Props {
  facets: FacetValues[];
  isActive: (name: string, value: string) => boolean;
  onToggle: (name: string, value: string) => void;
  /** What is counted, one of it. */
  noun?: string;
}

export function Facets({ facets, ...rest }: Props) {
  return (
    <div className={classes.facets}>
      {facets
        .filter(({ values }) => values.some(({ value }) => value !== ''))
        .map((facet) => (
          <Facet key={facet.name} facet={facet} title={titleOf(facet.name, facets)} {...rest} />
        ))}
    </div>
  );
}

/** Targets and errors may have labels of the same name. */
function titleOf(name: string, all: FacetValues[]): string {
  const title = dimensionName(name);
  const alike = all.filter((one) => dimensionName(one.name) === title).length > 1;
  return alike && name.startsWith('target.') ? `${title} of targets` : title;
}

interface FacetProps extends Omit<Props, 'facets'> {
  facet: FacetValues;
  title: string;
}

function Facet({ facet, title, isActive, onToggle, noun = 'sample' }: FacetProps) {
  const [all, setAll] = useState(false);
  const most = Math.max(1, ...facet.values.map((one) => one.count));
  const shown = all ? facet.values : facet.values.slice(0, fewMax);
  return (
    <section aria-label={`By ${title}`} className={classes.facet}>
      <h3 className={classes.title}>{title}</h3>
      <ul className={classes.values}>
        {shown.map((one) => (
          <li key={one.value}>
            <button
              type="button"
              className={classes.value}
              aria-pressed={isActive(facet.name, one.value)}
              title={`${visible(one.value) || 'none'}: ${counted(one.count, noun)}`}
              onClick={() => onToggle(facet.name, one.value)}
            >
              <span className={classes.bar} style={{ width: `${(100 * one.count) / most}%` }} />
              {one.value === '' ? (
                <span className={classes.none}>none</span>
              ) : (
                <span className={classes.name} data-end={facet.name === 'class' || undefined}>
                  <Foreign text={one.value} />
                </span>
              )}
              <span className={classes.count}>{count(one.count)}</span>
              {isActive(facet.name, one.value) && <Icon name="close" size={12} className={classes.chosen} />}
            </button>
          </li>
        ))}
      </ul>
      {facet.values.length > fewMax && (
        <button type="button" className={classes.more} onClick={() => setAll(!all)}>
          {all ? 'fewer' : `${facet.values.length - fewMax} more`}
        </button>
      )}
      {(all || facet.values.length <= fewMax) && facet.other > 0 && (
        <p className={classes.other}>{count(facet.other)} with other values</p>
      )}
    </section>
  );
}
