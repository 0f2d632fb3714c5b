// What is said where there is nothing to show: why, and what one can do.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { visible } from '../lib/text';
import classes from './Notice.module.css';

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      {children !== undefined && <div className={classes.text}>{children}</div>}
      {action !== undefined && <div className={classes.action}>{action}</div>}
    </div>
  );
}

/** Nothing could be had at all. */
export function Failed({ what, error, onRetry }: { what: string; error: Error; onRetry: (() => void) | undefined }) {
  return (
    <div className={classes.empty} role="alert">
      <p className={classes.failed}>{what} could not be loaded</p>
      <p className={classes.text}>{visible(error.message)}</p>
      {onRetry && (
        <div className={classes.action}>
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** There is an older answer on screen; the newest could not be had. */
export function Outdated({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div className={classes.outdated} role="alert">
      <span>Not refreshed: {visible(error.message)}. What you see is older.</span>
      <Button size="compact-xs" variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
