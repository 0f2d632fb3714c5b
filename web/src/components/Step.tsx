// A step to a neighbour: a button with an arrow.
import { ActionIcon } from '@mantine/core';
import { Icon, type IconName } from './Icon';

interface Props {
  icon: IconName;
  name: string;
  shortcut?: string;
  /** Nothing where there is no neighbour. */
  onClick: (() => void) | undefined;
}

export function Step({ icon, name, shortcut, onClick }: Props) {
  return (
    <ActionIcon
      variant="default"
      size={28}
      aria-label={name}
      title={shortcut ? `${name} (${shortcut})` : name}
      disabled={onClick === undefined}
      onClick={onClick}
    >
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
}
