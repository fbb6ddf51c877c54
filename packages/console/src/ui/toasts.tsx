/** Short notes that come and go: what was done. Failures stay where they happened, and are no toasts. */

import { useSyncExternalStore } from "react";
import { X } from "lucide-react";

import { IconButton } from "./button.tsx";
import { dismiss, subscribe, toasts } from "./toast.ts";
import "./toasts.css";

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text }) => (
        <div key={id} className="toasts-toast">
          <span>{text}</span>
          <IconButton icon={X} label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
