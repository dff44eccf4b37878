/** Corepool's mark: a pool of units, one of which is live. */
export function Mark() {
  return (
    <svg viewBox="0 0 16 16" className="size-4 shrink-0" aria-hidden="true" data-mark>
      <path d="M1 1h6v6H1zM9 1h6v6H9zM1 9h6v6H1z" className="fill-faint" />
      <path d="M9 9h6v6H9z" className="fill-accent" />
    </svg>
  );
}
