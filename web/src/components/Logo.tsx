// A microphone under water, listening to both sides.
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b7285" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <path d="M16 4v9" />
        <path d="M10.2 14.2a7.6 7.6 0 0 0 0 9.6M21.8 14.2a7.6 7.6 0 0 1 0 9.6" />
        <path d="M6.2 11a12.8 12.8 0 0 0 0 16M25.8 11a12.8 12.8 0 0 1 0 16" opacity=".55" />
      </g>
      <rect x="13" y="12.5" width="6" height="13" rx="3" fill="#fff" />
    </svg>
  );
}
