// A link within the page: a real address (new tab, copy), and a step in the history without a reload.
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { go, href, usePlace } from '../lib/location';
import type { Route, View } from '../lib/url';

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  to: { route?: Route; view?: Partial<View> };
}

export function Link({ to, onClick, children, ...rest }: Props) {
  const place = usePlace();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(to);
    if (to.route) arrive();
  };
  return (
    <a {...rest} href={href(place, to)} onClick={follow}>
      {children}
    </a>
  );
}

/** Another page begins at its top, and whoever uses the keyboard or a screen reader is in it. */
function arrive(): void {
  window.scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
}
