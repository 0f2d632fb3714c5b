// Every change of errors goes through here: who makes it, what is shown meanwhile, what came of it, and the way back.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, introduce } from '../api/client';
import { useWhoami } from '../api/queries';
import type { Aggregate, AggregateDetail } from '../api/shapes';
import { askAgain, type Body, changeMany, changeOne, showChanged, takeBack, type Which } from '../api/triage';
import { NameDialog } from '../components/NameDialog';
import { type Toast, Toasts } from '../components/Toasts';
import { counted } from '../lib/format';
import { useUndoKey } from '../lib/key';
import { forbidden, proved } from '../lib/permission';
import { staysNameless, storedName, storeName, storeNameless } from '../lib/preference';
import { errorName, visible } from '../lib/text';
import { applied, type Change, past } from '../lib/triage';
import { becameOf, type Truth, wasTakenBack, witnessOf } from './truth';

/** What is changed: one error as it is on screen, errors that were chosen, or all that a query selects. */
export type On =
  | { kind: 'one'; error: AggregateDetail }
  | { kind: 'many'; ids: number[]; rows: Aggregate[] }
  | { kind: 'query'; which: Exclude<Which, { ids: number[] }>; total: number; rows: Aggregate[] };

/** `meanwhile`: somebody else changed it first, and it is like this now. */
export type Outcome = { made: true } | { made: false; meanwhile?: AggregateDetail };

interface Edits {
  edit: (change: Change, on: On) => Promise<Outcome>;
  undo: (activity: number, what: string) => Promise<void>;
  tell: (toast: Omit<Toast, 'id'>) => void;
  /** Why nothing can be changed; undefined where it can. */
  forbidden: string | undefined;
  name: string;
  rename: (name: string) => void;
  /** Asks for the name where there is none: empty when they do not say it, undefined when they think better of it. */
  ask: (required: boolean) => Promise<string | undefined>;
}

const EditsContext = createContext<Edits | undefined>(undefined);

export function useEdits(): Edits {
  const edits = use(EditsContext);
  if (!edits) throw new Error('there is nothing around this that makes changes');
  return edits;
}

/** More notices than this would hide the page. */
const toastsMax = 4;

export function EditsProvider({ children }: { children: ReactNode }) {
  const notices = useNotices();
  const whoami = useWhoami().data;
  const person = usePerson(proved(whoami));
  const refusal = forbidden(whoami);
  const client = useQueryClient();
  const { put } = notices;
  const last = useRef<(() => void) | undefined>(undefined);
  const unsure = useRef(0);
  useUndoKey(() => last.current?.());
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => unsure.current > 0 && event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, []);

  /** Whoever hears nothing is told the truth once it can be had. */
  const find = async (toast: number, what: string, ask: () => Promise<Truth>): Promise<Truth> => {
    unsure.current += 1;
    put(toast, {
      tone: 'waiting',
      text: 'The connection was lost',
      detail: `Whether ${what} is asked as soon as the server answers.`,
    });
    const truth = await ask();
    unsure.current -= 1;
    return truth;
  };

  const offer = (toast: number, text: string, activity: number | null | undefined, what: string, detail?: string) => {
    const takeBackIt = (id: number) => () => {
      notices.close(toast);
      void undo(id, what);
    };
    const back = typeof activity === 'number' ? takeBackIt(activity) : undefined;
    if (back) last.current = back;
    put(toast, { tone: 'done', text, detail, action: back && { name: 'Undo', run: back } });
  };

  const refuse = (detail: string) =>
    put(notices.next(), { tone: 'failed', text: 'Nothing was changed', detail: `${detail}.` });

  const undo = async (activity: number, what: string): Promise<void> => {
    if (refusal !== undefined) return refuse(refusal);
    last.current = undefined;
    const toast = notices.next();
    put(toast, { tone: 'waiting', text: 'Taking it back…' });
    const again = notices.retry(toast, () => void undo(activity, what));
    try {
      const { changed } = await takeBack(activity);
      if (changed > 0) put(toast, { tone: 'done', text: `Taken back: ${what}` });
      else
        put(toast, {
          tone: 'done',
          text: 'Nothing to take back',
          detail: 'It was changed again since, or taken back.',
        });
    } catch (error) {
      const open = !(error instanceof ApiError) || error.leavesOpen;
      const truth = open ? await find(toast, `it was taken back (${what})`, () => wasTakenBack(activity)) : undefined;
      const said = error instanceof Error ? error.message : '';
      if (truth?.done) put(toast, { tone: 'done', text: `Taken back: ${what}` });
      else put(toast, { tone: 'failed', text: `Not taken back: ${what}`, detail: `${said}.`, action: again });
    }
    await askAgain(client);
  };

  const edit = async (change: Change, on: On): Promise<Outcome> => {
    if (refusal !== undefined) {
      refuse(refusal);
      return { made: false };
    }
    const me = await person.ask(change.assignee === 'me');
    if (me === undefined) return { made: false };
    const asked = change.assignee === 'me' ? { ...change, assignee: me } : change;
    const rows: (Aggregate | AggregateDetail)[] = on.kind === 'one' ? [on.error] : on.rows;
    const witness = witnessOf(rows, asked);
    const restore = await showChanged(client, touches(on), (error) => applied(error, asked, Date.now()));
    const toast = notices.next();
    const name = nameOf(on);
    const again = notices.retry(toast, () => void edit(change, on));
    try {
      const { activity, changed, matched } = await made(asked, on);
      const same = changed === 0 || (on.kind === 'one' && typeof activity !== 'number');
      const detail =
        changed < matched && changed > 0 ? `${counted(matched - changed, 'other')} already so.` : undefined;
      if (same) put(toast, { tone: 'done', text: `${name} already so`, detail: 'Nothing was changed.' });
      else {
        const what = `${on.kind === 'one' ? name : counted(changed, 'error')} ${past(asked)}`;
        offer(toast, what, activity, what, detail);
      }
      await askAgain(client);
      return { made: true };
    } catch (error) {
      restore();
      if (error instanceof ApiError && error.status === 412) {
        await askAgain(client);
        return { made: false, meanwhile: error.current as AggregateDetail };
      }
      const open = !(error instanceof ApiError) || error.leavesOpen;
      const what = `${name} ${past(asked)}`;
      const truth = open ? await find(toast, `it was done (${what})`, () => becameOf(asked, witness, me)) : undefined;
      const said = error instanceof Error ? error.message : '';
      if (truth?.done)
        offer(toast, what, truth.activity, what, 'The server had done it before the connection was lost.');
      else if (open && truth === undefined)
        put(toast, { tone: 'failed', text: `Perhaps not done: ${what}`, detail: 'The page Activity says what was.' });
      else put(toast, { tone: 'failed', text: `Not done: ${what}`, detail: `${said}.`, action: again });
      await askAgain(client);
      return { made: truth?.done === true };
    }
  };

  const { name, rename, ask } = person;
  const tell = (toast: Omit<Toast, 'id'>) => put(notices.next(), toast);
  return (
    <EditsContext value={{ edit, undo, tell, forbidden: refusal, name, rename, ask }}>
      {children}
      <Toasts toasts={notices.toasts} onClose={notices.close} />
      <NameDialog {...person.dialog} />
    </EditsContext>
  );
}

async function made(change: Change, on: On) {
  const body: Body = { ...change };
  if (on.kind === 'one') {
    const { activity } = await changeOne(on.error.id, on.error.revision, body);
    return { activity, changed: typeof activity === 'number' ? 1 : 0, matched: 1 };
  }
  const which = on.kind === 'many' ? { ids: on.ids } : on.which;
  const { activity, changed, matched } = await changeMany(which, body);
  return { activity, changed: changed ?? 0, matched };
}

function touches(on: On): (error: Aggregate) => boolean {
  if (on.kind === 'one') return (error) => error.id === on.error.id;
  const ids = new Set(on.kind === 'many' ? on.ids : on.rows.map((row) => row.id));
  return (error) => ids.has(error.id);
}

export function nameOf(on: On): string {
  const only = on.kind === 'one' ? on.error : on.kind === 'many' && on.ids.length === 1 ? on.rows[0] : undefined;
  if (only) return visible(errorName(only, 60));
  return counted(on.kind === 'query' ? on.total : on.kind === 'many' ? on.ids.length : 1, 'error');
}

function useNotices() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const number = useRef(0);
  return useMemo(() => {
    const close = (id: number) => setToasts((before) => before.filter((one) => one.id !== id));
    return {
      toasts,
      close,
      retry: (id: number, run: () => void) => ({
        name: 'Try again',
        run: () => {
          close(id);
          run();
        },
      }),
      next: () => {
        number.current += 1;
        return number.current;
      },
      put: (id: number, toast: Omit<Toast, 'id'>) =>
        setToasts((before) => {
          const rest = before.filter((one) => one.id !== id);
          // What is not sure yet is never pushed out.
          const kept = rest.filter((one, at) => one.tone === 'waiting' || at >= rest.length - toastsMax + 1);
          return [...kept, { ...toast, id }];
        }),
    };
  }, [toasts]);
}

/** Who makes changes: who logged in, or else what they said, or what they say when they make the first one. */
function usePerson(known: string | undefined) {
  const [said, setName] = useState(storedName);
  const name = known ?? said;
  introduce(said);
  const client = useQueryClient();
  const [asking, setAsking] = useState<{ required: boolean; answer: (name: string | undefined) => void }>();
  const rename = (next: string) => {
    storeName(next);
    introduce(next);
    setName(next);
    void askAgain(client);
  };
  const answer = (given: string | undefined) => {
    setAsking(undefined);
    asking?.answer(given);
  };
  return {
    name,
    rename,
    ask: async (required: boolean): Promise<string | undefined> => {
      if (name !== '' || (!required && staysNameless())) return name;
      return new Promise((done) => setAsking({ required, answer: done }));
    },
    dialog: {
      opened: asking !== undefined,
      required: asking?.required ?? false,
      onName: (given: string | undefined) => {
        if (given === undefined) storeNameless();
        else rename(given);
        answer(given ?? '');
      },
      onCancel: () => answer(undefined),
    },
  };
}
