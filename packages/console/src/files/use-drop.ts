/** Files that are dragged over a part of the page, and dropped there. */

import { type DragEvent, useState } from "react";

export interface DropArea {
  readonly isOver: boolean;
  readonly handlers: {
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: (event: DragEvent) => void;
    readonly onDrop: (event: DragEvent) => void;
  };
}

export function useDrop(onDrop: (transfer: DataTransfer) => void): DropArea {
  const [isOver, setOver] = useState(false);
  const handlers = {
    onDragOver: ifFiles(({ dataTransfer }) => {
      dataTransfer.dropEffect = "copy";
      setOver(true);
    }),
    onDragLeave: ifFiles(({ currentTarget, relatedTarget }) => {
      const isInside = relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
      if (!isInside) setOver(false);
    }),
    onDrop: ifFiles(({ dataTransfer }) => {
      setOver(false);
      onDrop(dataTransfer);
    }),
  };
  return { isOver, handlers };
}

/** Text that is dragged is none of ours. */
function ifFiles(act: (event: DragEvent) => void): (event: DragEvent) => void {
  return (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    act(event);
  };
}
