// Backups: how the last one went, the next one to take along, and how one is made where the server may not be asked for it.
import { Button } from '@mantine/core';
import { useWhoami } from '../api/queries';
import type { Status } from '../api/shapes';
import { Copy } from '../components/Copy';
import { Facts } from '../components/Facts';
import { Panel } from '../components/Panel';
import { Time } from '../components/Time';
import { addressOf } from '../lib/address';
import { bytes, exact, step } from '../lib/format';
import { notOperator } from '../lib/permission';
import { visible } from '../lib/text';
import classes from './StatusPage.module.css';

export function Backups({ status: { backup, data_path } }: { status: Status }) {
  const { directory, interval_seconds, keep, last_success_time, last_success_bytes, last_failure, last_failure_time } =
    backup;
  const command = `hydrophone backup --storage.path ${quoted(data_path)} --to hydrophone.tar.zst`;
  return (
    <Panel
      title="Backup"
      note={backup.running ? 'one is being made' : undefined}
      controls={backup.by_request && <Download running={backup.running} />}
    >
      <Facts
        facts={[
          {
            name: 'Last one',
            value: last_success_time ? <Time at={last_success_time} /> : 'none yet',
            tone: last_failure ? 'bad' : undefined,
            meaning: last_failure ? (
              <>
                the one after it failed {last_failure_time && <Time at={last_failure_time} />}: {visible(last_failure)}
              </>
            ) : last_success_time ? (
              `${bytes(last_success_bytes ?? 0)} copied, before compression`
            ) : (
              'since this server started'
            ),
          },
          {
            name: 'By itself',
            value: directory && interval_seconds ? `every ${step(interval_seconds)}` : 'off',
            tone: directory ? undefined : 'warn',
            meaning: directory ? (
              <>
                to <span className="mono">{visible(directory)}</span>, {exact(keep ?? 0)} are kept
              </>
            ) : (
              <>
                <code>backup:</code> with a <code>directory</code> in the configuration makes them
              </>
            ),
          },
        ]}
      />
      {!backup.by_request && (
        <div className={classes.how}>
          <p>
            One to download needs the flag <code>--web.enable-admin-api</code>: whoever reaches this page can then take
            everything along. Those that are made by themselves do not need it, nor does one while the server is
            stopped:
          </p>
          <div className={classes.command}>
            <code>{visible(command)}</code>
            <Copy name="Copy" value={command} />
          </div>
        </div>
      )}
    </Panel>
  );
}

/** A form, so that the browser writes what comes to a file and the page holds none of it. */
function Download({ running }: { running: boolean }) {
  const refusal = notOperator(useWhoami().data);
  if (refusal !== undefined) {
    return (
      <Button
        size="compact-xs"
        h={28}
        px={10}
        variant="default"
        disabled
        title={refusal}
        aria-label={`Download a backup. ${refusal}`}
      >
        Download a backup
      </Button>
    );
  }
  return (
    <form method="post" action={addressOf('api/v1/admin/backup', {})} target="_blank" rel="noopener">
      <Button type="submit" size="compact-xs" h={28} px={10} variant="default" disabled={running}>
        Download a backup
      </Button>
    </form>
  );
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
