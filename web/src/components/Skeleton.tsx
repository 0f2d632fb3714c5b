// The place of what is still being loaded.
import classes from './Skeleton.module.css';

interface Props {
  height: number;
  /** How many, one below the other, this far apart. */
  times?: number;
  gap?: number;
  /** What is being loaded, for those who do not see it. */
  label: string;
  className?: string | undefined;
}

export function Skeleton({ height, times = 1, gap = 0, label, className }: Props) {
  return (
    <div role="status" aria-label={label} className={`${classes.stack} ${className ?? ''}`} style={{ gap }}>
      {Array.from({ length: times }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={index} className={classes.one} style={{ height }} />
      ))}
    </div>
  );
}
