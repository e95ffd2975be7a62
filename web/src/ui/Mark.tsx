/** The mark: the round window of Khuê Văn Các. One colour, whatever stands around it. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" fill="none" role="img" aria-label="Khuê" className={className}>
      <g stroke="currentColor" strokeWidth="2">
        <rect x="2.5" y="2.5" width="27" height="27" rx="2" />
        <circle cx="16" cy="16" r="10" />
        <path d="M3 3l5.9 5.9M29 3l-5.9 5.9M3 29l5.9-5.9M29 29l-5.9-5.9" strokeWidth="1.6" />
        <path
          d="M16 6v4.6M16 21.4V26M6 16h4.6M21.4 16H26M8.93 8.93l3.25 3.25M19.82 19.82l3.25 3.25M23.07 8.93l-3.25 3.25M12.18 19.82l-3.25 3.25"
          strokeWidth="1.6"
        />
      </g>
      <circle cx="16" cy="16" r="4" fill="currentColor" />
    </svg>
  );
}
