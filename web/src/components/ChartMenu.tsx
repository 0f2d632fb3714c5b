// What one takes along from a chart: its link, its picture, its figures.
import { ActionIcon, Menu } from '@mantine/core';
import { useEffect, useState } from 'react';
import { saveText } from '../lib/address';
import { copyText } from '../lib/clipboard';
import { Icon } from './Icon';

/** What can be taken; addresses are made when they are asked for, so that they say what is shown then. */
export interface Takeaway {
  /** The page with this time, for good. */
  link: () => string;
  markdown: () => string;
  picture: (kind: 'png' | 'svg') => string;
  table: () => Promise<string>;
  /** Without its ending. */
  fileName: () => string;
}

/** How long the outcome is said. */
const saidMs = 2500;

export function ChartMenu({ link, markdown, picture, table, fileName }: Takeaway) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = window.setTimeout(() => setSaid(''), saidMs);
    return () => window.clearTimeout(timer);
  }, [said]);
  const copy = (what: string, text: string) =>
    void copyText(text).then((done) => setSaid(done ? `${what} copied` : 'Not copied: the browser does not allow it'));
  const save = () =>
    void table().then(
      (text) => saveText(text, `${fileName()}.csv`, 'text/csv'),
      (error: unknown) => setSaid(`Not saved: ${error instanceof Error ? error.message : 'unknown'}`),
    );
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="Take the chart along" title="Copy or download the chart">
          <Icon name={said.endsWith('copied') ? 'check' : 'share'} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>With this time, as it is now</Menu.Label>
        <Menu.Item onClick={() => copy('Link', link())}>Copy link</Menu.Item>
        <Menu.Item onClick={() => copy('Markdown', markdown())}>Copy as Markdown image</Menu.Item>
        <Menu.Divider />
        {(['png', 'svg'] as const).map((kind) => (
          <Menu.Item key={kind} component="a" href={picture(kind)} download={`${fileName()}.${kind}`}>
            Download {kind.toUpperCase()}
          </Menu.Item>
        ))}
        <Menu.Item onClick={save}>Download CSV</Menu.Item>
      </Menu.Dropdown>
      <span className={said.startsWith('Not') ? 'dim' : 'visually-hidden'} aria-live="polite">
        {said}
      </span>
    </Menu>
  );
}
