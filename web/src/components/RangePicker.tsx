// Which time one looks at: presets, or two expressions of one's own.
import { Button, Popover, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type FormEvent, type ClipboardEvent as ReactClipboardEvent, useEffect, useRef, useState } from 'react';
import { inputTime, span } from '../lib/format';
import { pastedInstant, pastedRange, rangeIn } from '../lib/paste';
import { useZone } from '../lib/preference';
import { canonical, isRelative, parseInstant, presets, type Range, rangeProblem } from '../lib/time';
import type { Zone } from '../lib/zone';
import { Icon } from './Icon';
import classes from './RangePicker.module.css';

interface Props {
  range: Range;
  onChange: (range: Range) => void;
}

export function RangePicker({ range, onChange }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const zone = useZone();
  usePastedRange(zone, onChange);
  const pick = (next: Range) => {
    close();
    onChange(next);
  };
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      position="bottom-end"
      shadow="md"
      trapFocus
      returnFocus
      width="auto"
    >
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          onClick={toggle}
          leftSection={<Icon name="clock" />}
          rightSection={<Icon name="down" size={12} />}
          aria-label={`Time range: ${rangeName(range, zone)}`}
        >
          <span className={classes.current}>{rangeName(range, zone)}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Time range">
        <div className={classes.dropdown}>
          <Own key={`${range.from} ${range.to} ${zone}`} range={range} zone={zone} onApply={pick} />
          <ul className={classes.presets} aria-label="Presets">
            {presets.map((preset) => (
              <li key={preset.from}>
                <button
                  type="button"
                  className={classes.preset}
                  aria-current={range.to === 'now' && range.from === preset.from}
                  onClick={() => pick({ from: preset.from, to: 'now' })}
                >
                  {preset.label}
                </button>
              </li>
            ))}
          </ul>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A time or a range that is pasted anywhere but into a field is where one goes. */
function usePastedRange(zone: Zone, onChange: (range: Range) => void): void {
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const into =
        event.target instanceof Element ? event.target.closest('input, textarea, select, [contenteditable]') : null;
      if (into || event.defaultPrevented) return;
      const range = pastedRange(event.clipboardData?.getData('text') ?? '', Date.now(), zone);
      if (!range) return;
      event.preventDefault();
      latest.current(range);
    };
    window.addEventListener('paste', onPaste);
    return () => window.removeEventListener('paste', onPaste);
  }, [zone]);
}

function Own({ range, zone, onApply }: { range: Range; zone: Zone; onApply: (range: Range) => void }) {
  const [from, setFrom] = useState(() => editable(range.from, zone));
  const [to, setTo] = useState(() => editable(range.to, zone));
  const [tried, setTried] = useState(false);
  const problem = tried ? rangeProblem({ from, to }, Date.now(), zone) : undefined;
  /** A range fills both fields, a time in another tool's form this one. */
  const paste = (set: (text: string) => void) => (event: ReactClipboardEvent) => {
    const text = event.clipboardData.getData('text');
    const now = Date.now();
    const both = rangeIn(text, now, zone);
    const one = both || canonical(text, now, zone) !== undefined ? undefined : pastedInstant(text, now, zone);
    if (!both && one === undefined) return;
    event.preventDefault();
    setTried(false);
    if (both) {
      setFrom(editable(both.from, zone));
      setTo(editable(both.to, zone));
    } else if (one !== undefined) set(inputTime(one, zone));
  };
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const start = canonical(from, now, zone);
    const end = canonical(to, now, zone);
    setTried(true);
    if (start === undefined || end === undefined || rangeProblem({ from, to }, now, zone)) return;
    onApply({ from: start, to: end });
  };
  return (
    <form className={classes.own} onSubmit={apply}>
      <TextInput
        label="From"
        size="xs"
        value={from}
        spellCheck={false}
        autoComplete="off"
        onPaste={paste(setFrom)}
        onChange={(event) => setFrom(event.currentTarget.value)}
        error={problem?.field === 'from' ? problem.text : undefined}
      />
      <TextInput
        label="To"
        size="xs"
        value={to}
        spellCheck={false}
        autoComplete="off"
        onPaste={paste(setTo)}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={problem?.field === 'to' ? problem.text : undefined}
      />
      <Button type="submit" size="xs">
        Apply
      </Button>
      <p className={classes.hint}>
        <code>now-6h</code>, <code>2026-11-20 14:00</code> ({zone === 'utc' ? 'UTC' : 'your time'}), RFC 3339 or Unix
        seconds. Drag in the chart to zoom.
      </p>
      <p className={classes.hint}>
        A time or a range from a log or a link can be pasted here, or anywhere on the page.
      </p>
    </form>
  );
}

function editable(text: string, zone: Zone): string {
  const ms = isRelative(text) ? undefined : parseInstant(text, Date.now(), zone);
  return ms === undefined ? text : inputTime(ms, zone);
}

/** A range in words: a preset's name, two dates, or the expressions. */
export function rangeName({ from, to }: Range, zone: Zone): string {
  const preset = presets.find((one) => one.from === from && to === 'now');
  if (preset) return preset.label;
  if (isRelative(from) || isRelative(to)) return `${editable(from, zone)} to ${editable(to, zone)}`;
  const now = Date.now();
  const start = parseInstant(from, now, zone);
  const end = parseInstant(to, now, zone);
  return start === undefined || end === undefined ? `${from} to ${to}` : span(start, end, zone, now);
}
