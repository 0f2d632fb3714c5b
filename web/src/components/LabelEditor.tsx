// The labels of one error: those that people chose, those that rules gave, those that somebody took away although a rule gives them.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { visible } from '../lib/text';
import type { Change } from '../lib/triage';
import { Chip } from './Chip';
import classes from './LabelEditor.module.css';
import { type Known, LabelForm } from './LabelForm';

interface Props {
  known: Known;
  labels: Record<string, string>;
  byRule: Record<string, string>;
  removed: string[];
  onChange: (change: Change) => void;
}

export function LabelEditor({ known, labels, byRule, removed, onChange }: Props) {
  const [start, setStart] = useState<{ name: string; value: string }>();
  const gone = removed.filter((name) => !(name in labels));
  const entries = Object.entries(labels).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return (
    <>
      <LabelForm key={start?.name ?? ''} known={known} start={start} present={[]} onChange={onChange} />
      {entries.length + gone.length > 0 && (
        <ul className={classes.labels}>
          {entries.map(([name, value]) => {
            const ruled = byRule[name];
            return (
              <li key={name} className={classes.label}>
                <Chip name={name} value={value} />
                <span className={classes.source}>
                  {ruled === value ? 'given by rule' : ruled === undefined ? '' : `rules say ${visible(ruled)}`}
                </span>
                <span className={classes.buttons}>
                  <Small name="Change" of={name} onClick={() => setStart({ name, value })} />
                  {ruled !== undefined && ruled !== value && (
                    <Small name="Leave to the rules" of={name} onClick={() => onChange({ labels_by_rule: [name] })} />
                  )}
                  <Small name="Take away" of={name} onClick={() => onChange({ labels: { [name]: null } })} />
                </span>
              </li>
            );
          })}
          {gone.map((name) => (
            <li key={name} className={classes.label}>
              <s className={classes.gone}>{visible(name)}</s>
              <span className={classes.source}>
                {byRule[name] === undefined ? 'taken away' : `taken away, rules say ${visible(byRule[name] ?? '')}`}
              </span>
              <span className={classes.buttons}>
                <Small name="Leave to the rules" of={name} onClick={() => onChange({ labels_by_rule: [name] })} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Small({ name, of, onClick }: { name: string; of: string; onClick: () => void }) {
  return (
    <Button size="compact-xs" variant="subtle" aria-label={`${name}: ${visible(of)}`} onClick={onClick}>
      {name}
    </Button>
  );
}
