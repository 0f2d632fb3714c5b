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
