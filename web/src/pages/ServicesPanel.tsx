// The services and how they are.
import { useServices } from '../api/queries';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { ServiceTable } from '../components/ServiceTable';
import { Skeleton } from '../components/Skeleton';
import { exact } from '../lib/format';
import { go, usePlace } from '../lib/location';
import { hasTerm, toggleTerm } from '../lib/term';
import { useAsk } from './ask';
import classes from './ErrorsPage.module.css';

export function ServicesPanel() {
  const { view } = usePlace();
  const { data, error, isPlaceholderData, refetch } = useServices(useAsk());
  const down = data?.services.reduce((sum, { targets }) => sum + targets.total - targets.up, 0) ?? 0;
  const note =
    data && data.services.length > 0
      ? `${exact(data.services.length)}${down > 0 ? `, ${exact(down)} ${down === 1 ? 'target' : 'targets'} not up` : ''}`
      : '';
  return (
    <Panel title="Services" note={note} stale={isPlaceholderData} className={classes.services}>
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && <Failed what="The services" error={error} onRetry={() => void refetch()} />}
      {!error && !data && (
        <Skeleton height={13} times={12} gap={21} label="Loading the services" className={classes.loading} />
      )}
      {data?.services.length === 0 && (
        <Empty title="No services yet">
          Hydrophone scrapes what stands under <code>services:</code> in its configuration file. Add one, and reload it.
        </Empty>
      )}
      {data && data.services.length > 0 && (
        <div className={classes.scroll}>
          <ServiceTable
            services={data.services}
            isActive={(service) => hasTerm(view.q, 'service', service)}
            onToggle={(service) => go({ view: { q: toggleTerm(view.q, 'service', service) } })}
          />
        </div>
      )}
    </Panel>
  );
}
