// Something that can be taken to the clipboard, and a word on whether it is there.
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { copyText } from '../lib/clipboard';
import classes from './Copy.module.css';

type Outcome = 'copied' | 'failed' | undefined;

/** How long the outcome is said. */
const saidMs = 1600;

export function useCopy(value: string): { outcome: Outcome; copy: () => void } {
  const [outcome, setOutcome] = useState<Outcome>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = window.setTimeout(() => setOutcome(undefined), saidMs);
    return () => window.clearTimeout(timer);
  }, [outcome]);
  const copy = () => void copyText(value).then((done) => setOutcome(done ? 'copied' : 'failed'));
  return { outcome, copy };
}

const words = { copied: 'Copied', failed: 'Not copied' };

/** Without a value there is nothing to copy yet. */
export function Copy({ name, value }: { name: string; value: string | undefined }) {
  const { outcome, copy } = useCopy(value ?? '');
  return (
    <Button size="compact-xs" h={28} px={10} fw={500} variant="default" disabled={value === undefined} onClick={copy}>
      <span className={classes.stack}>
        <span data-behind={outcome}>{name}</span>
        <span aria-live="polite">{outcome && words[outcome]}</span>
      </span>
    </Button>
  );
}
