// Nothing to see yet, or nobody there to ask: why, and what one does about it.
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useServer } from '../api/overview';
import { useTargets } from '../api/target';
import { Copy } from '../components/Copy';
import { Link } from '../components/Link';
import { exact, step } from '../lib/format';
import { go, usePlace } from '../lib/location';
import { type Hollow, tally } from '../lib/overview';
import { visible } from '../lib/text';
import classes from './FirstRun.module.css';

interface Props {
  why: Exclude<Hollow, undefined>;
  /** There is history: it is shown below. */
  ever: boolean;
  services: number;
}

const sample = `services:
  - name: checkout
    scheme: http
    metrics_path: /-/exceptions
    static_configs:
      - targets: ['checkout:8080']
`;

/** What this says changes within moments, whatever one has chosen for the rest of the page. */
const lookMs = 5_000;

export function FirstRun({ why, ever, services }: Props) {
  const { view } = usePlace();
  const targets = useTargets({ state: 'active', refreshMs: view.refresh === 0 ? lookMs : view.refresh * 1000 });
  const server = useServer(0);
  useLook();
  const config = server.data?.config_file;
  const all = targets.data?.targets ?? [];
  const dropped = targets.data?.dropped_total ?? 0;
  const example = all.find(({ scrape_url }) => scrape_url !== '')?.scrape_url;
  const toTargets = (
    <Button size="xs" variant="default" onClick={() => go({ route: { page: 'targets' } })}>
      Look at the targets
    </Button>
  );
  switch (why) {
    case 'unconfigured':
      return (
        <Box title="Nothing is watched yet" tone="plain" action={<Copy name="Copy the example" value={sample} />}>
          <p>
            Hydrophone scrapes what stands under <code>services:</code> in its configuration file
            {config && (
              <>
                {' '}
                <code>{visible(config)}</code>
              </>
            )}
            . This is enough to begin with:
          </p>
          <pre className={classes.code}>{sample}</pre>
          <p>
            Then reload it: send the process SIGHUP, or start it again. Each service's page of exceptions is scraped
            from then on, and this page fills by itself.
          </p>
          {server.data?.config_reload_error && (
            <p className={classes.bad}>The last reload failed: {visible(server.data.config_reload_error)}</p>
          )}
        </Box>
      );
    case 'undiscovered':
      return (
        <Box title="No targets were found" tone="warn" action={toTargets}>
          <p>
            {services === 1 ? 'One service is' : `${exact(services)} services are`} configured, and service discovery
            lists nothing for {services === 1 ? 'it' : 'them'}.
          </p>
          <ul>
            {dropped > 0 && (
              <li>
                {exact(dropped)} discovered {dropped === 1 ? 'target was' : 'targets were'} dropped by{' '}
                <code>relabel_configs</code>: is a rule too strict?
              </li>
            )}
            <li>Do the files, names or addresses of the discovery exist, and may this server read them?</li>
            <li>The server's log says what each discovery met.</li>
          </ul>
        </Box>
      );
    case 'unscraped':
      return (
        <Box
          title={`The first scrapes of ${all.length === 1 ? 'the one target' : `${exact(all.length)} targets`} are on their way`}
          tone="plain"
        >
          <p>
            They are spread over one scrape interval{all[0] && ` of ${all[0].scrape_interval}`}. This page fills by
            itself.
          </p>
        </Box>
      );
    case 'dead':
      return (
        <Box
          title={
            all.length === 1 ? 'The one target does not answer' : `None of the ${exact(all.length)} targets answers`
          }
          tone="bad"
          action={toTargets}
        >
          <p>
            Nothing is counted while nobody answers{ever ? '; what stands below is from before' : ''}. What the scrapes
            met:
          </p>
          <ul>
            {tally(all.map(({ last_error, scrape_url }) => last_error?.replace(`${scrape_url}: `, '')))
              .slice(0, 3)
              .map(({ text, count }) => (
                <li key={text}>
                  <span className={classes.reason}>{visible(text)}</span>{' '}
                  {all.length > 1 && (
                    <span className="dim">
                      at {exact(count)} {count === 1 ? 'target' : 'targets'}
                    </span>
                  )}
                </li>
              ))}
          </ul>
          {example && <Try url={example} />}
          <p>When all of them died at once, look at what lies between: network, DNS, a proxy, credentials.</p>
        </Box>
      );
    case 'quiet':
      return (
        <Box title="No error yet, and everything is ready for the first one" tone="good" action={toTargets}>
          <p>
            {all.length === 1
              ? 'The one target answers and is'
              : `${exact(all.filter(({ health }) => health === 'up').length)} of ${exact(all.length)} targets answer and are`}{' '}
            {all[0] && `asked every ${all[0].scrape_interval}`}. What happens is here one scrape later.
            {server.data && ` Hydrophone has been running for ${step(server.data.uptime_seconds)}.`}
          </p>
          {example && <Try url={example} />}
          <p>
            <Link to={{ route: { page: 'status' } }}>How this server is</Link>
          </p>
        </Box>
      );
  }
}

/** Asks again, so that the page goes on by itself as soon as there is something to see. */
function useLook(): void {
  const client = useQueryClient();
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) void client.invalidateQueries({ queryKey: ['services'] });
    }, lookMs);
    return () => window.clearInterval(timer);
  }, [client]);
}

function Try({ url }: { url: string }) {
  const command = `curl -i '${url.replaceAll("'", "'\\''")}'`;
  return (
    <div className={classes.try}>
      <span>What a target says, from this server's machine:</span>
      <pre className={classes.code}>{visible(command)}</pre>
      <Copy name="Copy" value={command} />
    </div>
  );
}

interface BoxProps {
  title: string;
  tone: 'plain' | 'good' | 'warn' | 'bad';
  children: ReactNode;
  action?: ReactNode;
}

function Box({ title, tone, children, action }: BoxProps) {
  return (
    <section className={classes.box} data-tone={tone} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      <div className={classes.text}>{children}</div>
      {action && <div className={classes.action}>{action}</div>}
    </section>
  );
}
