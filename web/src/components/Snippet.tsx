// A piece of a sample's text, with what was looked for marked. The parts are data: what a client sent is never markup.
import { visible } from '../lib/text';
import classes from './Snippet.module.css';

export interface SnippetParts {
  field: string;
  parts: { text: string; marked: boolean }[];
  cut_before: boolean;
  cut_after: boolean;
}

export function Snippet({ snippet, named = false }: { snippet: SnippetParts; named?: boolean }) {
  return (
    <>
      {named && <span className={classes.field}>{snippet.field} </span>}
      <bdi className={named ? 'mono' : undefined}>
        {snippet.cut_before && '…'}
        {snippet.parts.map((part, index) =>
          part.marked ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of a text are in order, and have no names
            <mark key={index} className={classes.mark}>
              {visible(part.text)}
            </mark>
          ) : (
            visible(part.text)
          ),
        )}
        {snippet.cut_after && '…'}
      </bdi>
    </>
  );
}
