// One error over time, with what happened to it.
import type { Marker as Happened } from '../lib/activity';
import { errorName, visible } from '../lib/text';
import { useMarkers } from './markers';
import { TimelinePanel } from './TimelinePanel';

interface Props {
  error: { id: number; service: string; class: string; aggregation_key: string };
  happened: Happened[];
}

export function ErrorTimeline({ error, happened }: Props) {
  const markers = useMarkers(error.service, happened);
  const name = `${visible(errorName(error))} in ${visible(error.service)}`;
  return <TimelinePanel only={`aggregate:${error.id}`} name={name} markers={markers} />;
}
