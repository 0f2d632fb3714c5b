// The few pictograms, drawn here: 16 by 16, in the colour of the text around them.
const paths = {
  refresh: 'M13.2 6.5A5.5 5.5 0 1 0 13 10M13.5 2.8v3.9H9.6',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 14 14',
  clock: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.7V8l2.3 1.6',
  down: 'M4 6.2 8 10l4-3.8',
  left: 'M9.8 4 6 8l3.8 4',
  right: 'M6.2 4 10 8l-3.8 4',
  first: 'M12 4 8.2 8l3.8 4M4.5 4v8',
  last: 'M4 4l3.8 4L4 12M11.5 4v8',
  zoomOut: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 14 14M5 7h4',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.3V2.5h-8v8h2.8',
  settings: 'M2 4.5h7.5M12.5 4.5H14M2 11.5h1.5M6.5 11.5H14M11 2.8v3.4M5 9.8v3.4',
  keyboard: 'M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 9.5h7',
  alert: 'M8 2.2 14.5 13.5h-13ZM8 6.3v3.4M8 11.7h.01',
  label: 'M2.5 2.5h5l6 6-5 5-6-6ZM5.3 5.3h.01',
  person: 'M8 2.3a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4ZM2.8 13.7c.4-2.6 2.5-4 5.2-4s4.8 1.4 5.2 4',
  mute: 'M2.5 6v4h2.7L9 13V3L5.2 6ZM11.5 6.2l3 3.6M14.5 6.2l-3 3.6',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  filter: 'M2 3.5h12M4.5 8h7M6.8 12.5h2.4',
  plus: 'M8 3v10M3 8h10',
  undo: 'M6 3 2.8 6.2 6 9.4M3 6.2h6.4a3.6 3.6 0 0 1 0 7.2H6.5',
  share: 'M8 9.5V2.3M5.2 4.8 8 2l2.8 2.8M3 8v5.5h10V8',
  check: 'M3 8.5 6.5 12 13 4.5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string | undefined;
}) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" className={className}>
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
