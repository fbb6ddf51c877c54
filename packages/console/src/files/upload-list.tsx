/** Uploads that are under way, wait, or failed. */

import { X } from "lucide-react";

import { Badge, type Tone } from "../ui/badge.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { inWords } from "../ui/error-words.ts";
import { bytes, count } from "../ui/figures.ts";
import { visible } from "../ui/visible.ts";
import "./upload-list.css";
import type { Upload, Uploads, UploadState } from "./uploads.ts";

/** rows; the rest is counted */
const SHOWN = 8;
const TONES: Readonly<Record<UploadState, Tone>> = {
  waiting: "rest",
  sending: "busy",
  done: "good",
  cancelled: "warn",
  failed: "bad",
};
const RANK: Readonly<Record<UploadState, number>> = {
  sending: 0,
  failed: 1,
  waiting: 2,
  cancelled: 3,
  done: 4,
};

export interface UploadListProps {
  readonly all: readonly Upload[];
  readonly uploads: Uploads;
}

export function UploadList({ all, uploads }: UploadListProps) {
  const under = all.filter(({ state }) => state === "sending" || state === "waiting");
  const shown = all.toSorted((one, other) => RANK[one.state] - RANK[other.state]).slice(0, SHOWN);
  const title = under.length === 0 ? "Uploads" : `Uploading: ${count(under.length, "file")} to go`;
  return (
    <Card
      title={title}
      flush
      actions={
        under.length === 0 ? (
          <Button kind="quiet" onClick={() => uploads.clear()}>
            Clear
          </Button>
        ) : (
          <Button kind="quiet" onClick={() => uploads.end()}>
            Cancel all
          </Button>
        )
      }
    >
      <ul>
        {shown.map((upload) => (
          <Row key={upload.id} upload={upload} onCancel={() => uploads.cancel(upload.id)} />
        ))}
      </ul>
      {all.length > shown.length && (
        <p className="upload-list-more muted small">and {all.length - shown.length} more</p>
      )}
    </Card>
  );
}

interface RowProps {
  readonly upload: Upload;
  readonly onCancel: () => void;
}

function Row({ upload, onCancel }: RowProps) {
  const { path, sizeBytes, sentBytes, state, error } = upload;
  const isOver = state !== "waiting" && state !== "sending";
  return (
    <li className="upload-list-row">
      <span className="truncate mono" title={visible(path)}>
        {visible(path)}
      </span>
      <span className="number muted">
        {state === "sending" ? `${bytes(sentBytes)} of ${bytes(sizeBytes)}` : bytes(sizeBytes)}
      </span>
      {isOver ? (
        <Badge tone={TONES[state]}>{state}</Badge>
      ) : (
        <IconButton icon={X} label={`Cancel the upload of ${visible(path)}`} onClick={onCancel} />
      )}
      {state === "sending" && (
        <progress
          value={sentBytes}
          max={Math.max(1, sizeBytes)}
          aria-label={`Upload of ${visible(path)}`}
        />
      )}
      {error && <p className="upload-list-problem">{inWords(error).what}</p>}
    </li>
  );
}
