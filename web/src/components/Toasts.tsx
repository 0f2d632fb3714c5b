// What came of what one did, at the edge of the screen, with the way back. What went well goes by itself; what did not, stays.
import { ActionIcon, Button, Loader } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Icon } from './Icon';
import classes from './Toasts.module.css';

export interface Toast {
  id: number;
  tone: 'done' | 'failed' | 'waiting';
  text: string;
  /** More about it, in a sentence. */
  detail?: string | undefined;
  action?: { name: string; run: () => void } | undefined;
}

/** Long enough to read it and to reach the button. */
const shownMs = 12_000;

export function Toasts({ toasts, onClose }: { toasts: Toast[]; onClose: (id: number) => void }) {
  return (
    <section className={classes.toasts} aria-label="Notices">
      {toasts.map((toast) => (
        <One key={toast.id} toast={toast} onClose={() => onClose(toast.id)} />
      ))}
    </section>
  );
}

function One({ toast, onClose }: { toast: Toast; onClose: () => void }) {
  const [held, setHeld] = useState(false);
  const close = useRef(onClose);
  close.current = onClose;
  const { tone, text, detail, action } = toast;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has its own time
  useEffect(() => {
    if (tone !== 'done' || held) return;
    const timer = window.setTimeout(() => close.current(), shownMs);
    return () => window.clearTimeout(timer);
  }, [tone, held, text]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only stays longer while somebody is at it
    <div
      className={classes.toast}
      data-tone={tone}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {tone === 'waiting' ? (
        <Loader size={16} aria-hidden="true" className={classes.mark} />
      ) : (
        <Icon name={tone === 'done' ? 'check' : 'alert'} className={classes.mark} />
      )}
      <div className={classes.words} role={tone === 'failed' ? 'alert' : 'status'}>
        <p className={classes.text}>{text}</p>
        {detail && <p className={classes.detail}>{detail}</p>}
      </div>
      {action && (
        <Button size="compact-sm" variant="default" className={classes.action} onClick={action.run}>
          {action.name}
        </Button>
      )}
      {tone !== 'waiting' && (
        <ActionIcon variant="subtle" color="gray" size={26} aria-label="Close this notice" onClick={onClose}>
          <Icon name="close" size={14} />
        </ActionIcon>
      )}
    </div>
  );
}
