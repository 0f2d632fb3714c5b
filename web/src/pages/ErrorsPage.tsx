// The first page: how the services are, what happened over time, which errors there were.
import { useEffect } from 'react';
import { ErrorListPanel } from './ErrorListPanel';
import classes from './ErrorsPage.module.css';
import { ServicesPanel } from './ServicesPanel';
import { TimelinePanel } from './TimelinePanel';

export function ErrorsPage() {
  useEffect(() => {
    document.title = 'Errors · Hydrophone';
  }, []);
  return (
    <>
      <h1 className="visually-hidden">Errors of all services</h1>
      <div className={classes.top}>
        <ServicesPanel />
        <TimelinePanel />
      </div>
      <ErrorListPanel />
    </>
  );
}
