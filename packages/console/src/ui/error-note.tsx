/** A failure as sentences: what went wrong and, where it is known, what to do. */

import { CircleAlert } from "lucide-react";

import { Button } from "./button.tsx";
import "./error-note.css";
import { inWords } from "./error-words.ts";

export interface ErrorNoteProps {
  readonly error: Error;
  readonly onRetry?: () => void;
}

export function ErrorNote({ error, onRetry }: ErrorNoteProps) {
  const { what, advice } = inWords(error);
  return (
    <div className="error-note" role="alert">
      <CircleAlert size={17} aria-hidden />
      <div>
        <p className="error-note-what">{what}</p>
        {advice !== undefined && <p>{advice}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}
