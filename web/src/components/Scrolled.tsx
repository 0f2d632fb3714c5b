// What may be longer than its place: then it scrolls, and by keyboard, too. What is not longer is no stop for Tab.
import { type ReactNode, useEffect, useRef, useState } from 'react';

interface Props {
  /** What it is, for who can not see it. */
  name: string;
  /** Gives it its place: a height at most, and that it scrolls. */
  className?: string | undefined;
  children: ReactNode;
}

export function Scrolled({ name, className, children }: Props) {
  const box = useRef<HTMLElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    const own = box.current;
    const inner = own?.firstElementChild;
    if (!own || !inner) return;
    const observer = new ResizeObserver(() => setOver(own.scrollHeight > own.clientHeight + 1));
    observer.observe(own);
    observer.observe(inner);
    return () => observer.disconnect();
  }, []);
  return (
    <section ref={box} className={className} tabIndex={over ? 0 : undefined} aria-label={over ? name : undefined}>
      <div>{children}</div>
    </section>
  );
}
