/** What is not so as it should be, and the way out; told at once to those who hear. */
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

export function Warning({ icon = <TriangleAlert aria-hidden />, children }: { icon?: ReactNode; children: ReactNode }) {
  return (
    <div className="note warnn" role="alert">
      {icon}
      <span>{children}</span>
    </div>
  );
}
