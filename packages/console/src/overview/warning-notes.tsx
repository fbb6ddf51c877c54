/** What whoever runs the host should know, and what to do about it. */

import { TriangleAlert } from "lucide-react";

import type { Host } from "./host.ts";
import "./warning-notes.css";

export function WarningNotes({ warnings }: { readonly warnings: Host["warnings"] }) {
  if (warnings.length === 0) return null;
  return (
    <ul className="warning-notes" aria-label="Warnings">
      {warnings.map(({ code, message }) => (
        <li key={`${code} ${message}`}>
          <TriangleAlert size={17} aria-hidden />
          <p>{message}</p>
        </li>
      ))}
    </ul>
  );
}
