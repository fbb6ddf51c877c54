/** What is in a directory: one row an entry, moved through by keys, smooth however many there are. */

import { File, FileSymlink, Folder, type LucideIcon, Plug } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef } from "react";

import type { FsEntry } from "@alcove/sdk/browser/index.ts";

import { bytes } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { useRows } from "../ui/use-rows.ts";
import { visible } from "../ui/visible.ts";
import "./file-list.css";
import { modeWords, ownerWords } from "./file-words.ts";
import { useGoingOn } from "./use-going-on.ts";

const ROW_PX = 36;
const PAGE = 12;

export interface FileListProps {
  readonly path: string;
  readonly entries: readonly FsEntry[];
  /** index of the chosen one; -1 for none */
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly onOpen: (entry: FsEntry) => void;
  readonly onUp: () => void;
  readonly onDelete: (entry: FsEntry) => void;
}

export function FileList(props: FileListProps) {
  const { path, entries, chosen } = props;
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  const rows = useRows({
    count: entries.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    paddingStart: ROW_PX,
    scrollPaddingStart: ROW_PX,
    overscan: 12,
  });
  useEffect(() => {
    if (chosen >= 0) rows.scrollToIndex(chosen, { align: "auto" });
  }, [chosen, rows]);
  useGoingOn(frame);
  return (
    <div
      ref={frame}
      className="file-list"
      role="grid"
      aria-label={`Files in ${visible(path)}`}
      aria-rowcount={entries.length + 1}
      aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
      tabIndex={0}
      onKeyDown={(event) => onKey(event, props)}
    >
      <div className="file-list-rows" role="rowgroup" style={{ height: rows.getTotalSize() }}>
        <Head />
        {rows.getVirtualItems().map(({ index, start }) => {
          const entry = entries[index];
          return (
            entry && (
              <Row
                key={entry.name}
                id={`${id}-${index}`}
                index={index}
                entry={entry}
                top={start}
                {...props}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

interface RowProps extends FileListProps {
  readonly id: string;
  readonly index: number;
  readonly entry: FsEntry;
  /** in px, below the top of the list */
  readonly top: number;
}

function Row({ id, index, entry, top, chosen, onChoose, onOpen }: RowProps) {
  return (
    <div
      id={id}
      className="file-list-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={index === chosen}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(index)}
      onDoubleClick={() => onOpen(entry)}
    >
      <Cells entry={entry} />
    </div>
  );
}

function Head() {
  return (
    <div className="file-list-row file-list-head" role="row" aria-rowindex={1}>
      <span role="columnheader">Name</span>
      <span role="columnheader" className="file-list-size">
        Size
      </span>
      <span role="columnheader" className="file-list-mode">
        Mode
      </span>
      <span role="columnheader" className="file-list-owner">
        Owner
      </span>
      <span role="columnheader" className="file-list-time">
        Changed
      </span>
    </div>
  );
}

const KINDS: Readonly<Record<string, readonly [LucideIcon, string]>> = {
  file: [File, "file"],
  directory: [Folder, "directory"],
  symlink: [FileSymlink, "link"],
};

function Cells({ entry }: { readonly entry: FsEntry }) {
  const [Icon, kind] = KINDS[entry.type] ?? [Plug, "device, socket or pipe"];
  return (
    <>
      <span role="gridcell" className="file-list-name">
        <Icon size={15} aria-label={kind} />
        <span className="truncate" title={visible(entry.name)}>
          {visible(entry.name)}
        </span>
      </span>
      <span role="gridcell" className="file-list-size number muted">
        {entry.type === "file" && bytes(entry.size)}
      </span>
      <span role="gridcell" className="file-list-mode muted" title={entry.mode}>
        {modeWords(entry.mode)}
      </span>
      <span role="gridcell" className="file-list-owner number muted truncate">
        {ownerWords(entry)}
      </span>
      <span role="gridcell" className="file-list-time muted">
        <RelativeTime at={entry.mtime} />
      </span>
    </>
  );
}

function onKey(event: KeyboardEvent, props: FileListProps): void {
  const { entries, chosen, onChoose, onOpen, onUp, onDelete } = props;
  const last = entries.length - 1;
  const to: Readonly<Record<string, number>> = {
    ArrowDown: chosen + 1,
    ArrowUp: Math.max(0, chosen - 1),
    PageDown: chosen + PAGE,
    PageUp: chosen - PAGE,
    Home: 0,
    End: last,
  };
  const place = to[event.key];
  const entry = entries[chosen];
  if (place !== undefined) onChoose(Math.max(0, Math.min(last, place)));
  else if (event.key === "Enter" && entry) onOpen(entry);
  else if (event.key === "Backspace") onUp();
  else if (event.key === "Delete" && entry) onDelete(entry);
  else return;
  event.preventDefault();
}
