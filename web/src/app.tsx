// What everything stands in, and which page is shown.
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { newQueryClient } from './api/queries';
import { go, usePlace } from './lib/location';
import { useStoredZone, ZoneContext } from './lib/preference';
import { keepScroll } from './lib/scroll';
import { term } from './lib/term';
import { EditsProvider } from './pages/Edits';
import { ErrorsPage } from './pages/ErrorsPage';
import { OverviewPage } from './pages/OverviewPage';
import { Shell } from './pages/Shell';
import { theme, variables } from './theme';

const ErrorPage = lazy(() => import('./pages/ErrorPage').then(({ ErrorPage: page }) => ({ default: page })));
const ActivityPage = lazy(() => import('./pages/ActivityPage').then(({ ActivityPage: page }) => ({ default: page })));
const ReportsPage = lazy(() => import('./pages/ReportsPage').then(({ ReportsPage: page }) => ({ default: page })));
const SearchPage = lazy(() => import('./pages/SearchPage').then(({ SearchPage: page }) => ({ default: page })));
const StatusPage = lazy(() => import('./pages/StatusPage').then(({ StatusPage: page }) => ({ default: page })));
const TargetsPage = lazy(() => import('./pages/TargetsPage').then(({ TargetsPage: page }) => ({ default: page })));

export function App() {
  const [client] = useState(newQueryClient);
  const [zone, setZone] = useStoredZone();
  useEffect(keepScroll, []);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <ZoneContext value={zone}>
          <EditsProvider>
            <Shell onZone={setZone}>
              <Suspense fallback={null}>
                <Page />
              </Suspense>
            </Shell>
          </EditsProvider>
        </ZoneContext>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Page() {
  const { route } = usePlace();
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'errors':
      return <ErrorsPage />;
    case 'status':
      return <StatusPage />;
    case 'search':
      return <SearchPage />;
    case 'targets':
      return <TargetsPage />;
    case 'activity':
      return <ActivityPage />;
    case 'reports':
      return <ReportsPage />;
    case 'error':
      return <ErrorPage key={`${route.service} ${route.key}`} service={route.service} aggregationKey={route.key} />;
    case 'service':
      return <ToService service={route.service} />;
  }
}

/** Periskop's `#/{service}`: the list, of that service. */
function ToService({ service }: { service: string }) {
  useEffect(() => go({ route: { page: 'errors' }, view: { q: term('service', service) }, replace: true }), [service]);
  return null;
}
