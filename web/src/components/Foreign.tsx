// Text that came from a client: shown as it is, in its own direction, unable to disturb what stands around it.
import { visible } from '../lib/text';

export function Foreign({
  text,
  title = false,
  className,
}: {
  text: string;
  title?: boolean;
  className?: string | undefined;
}) {
  const shown = visible(text);
  return (
    <bdi className={className} title={title ? shown : undefined}>
      {shown}
    </bdi>
  );
}
