/** A part of the page of one's own account. */
import type { ReactNode } from "react";

export function Section({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <section className="card col">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
