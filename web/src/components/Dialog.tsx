// A window over the page, with its title and the way out. Its head is no banner of the page, whatever Mantine makes of one.
import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Dialog.module.css';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: string;
  /** What the cross does, where it is more than to close. */
  closeName?: string;
  children: ReactNode;
}

export function Dialog({ opened, onClose, title, size = 'sm', closeName = 'Close', children }: Props) {
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size} centered>
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes.head}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label={closeName} />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
