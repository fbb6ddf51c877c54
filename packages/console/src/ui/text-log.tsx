/** Lines of output that scroll smoothly however many they are. What they say is a guest's: text, and nothing else. */

import {
  memo,
  type SyntheticEvent,
  type UIEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
} from "react";

import type { Line, TextLines } from "./text-lines.ts";
import "./text-log.css";
import { type Mark, piecesOf } from "./text-pieces.ts";
import type { Match } from "./text-search.ts";
import { useLinesVersion } from "./use-lines-version.ts";
import { useRows } from "./use-rows.ts";

const LINE_PX = 19;
const PADDING_PX = 6;
const OVERSCAN = 24;
/** as near to the end counts as being there */
const NEAR_PX = 30;
/** a scroll this long after the wheel, a key or a finger is the reader's; in ms */
const GESTURE_MS = 600;

export interface TextLogProps {
  readonly lines: TextLines;
  readonly label: string;
  /** another value needs another `key`: what was measured is forgotten with the component */
  readonly wrap: boolean;
  /** whether the newest line stays in sight */
  readonly follow: boolean;
  /** scrolled away from the end, or back to it */
  readonly onFollow: (follow: boolean) => void;
  /** marked, one of them as the current one, which is brought into sight */
  readonly found?: readonly Match[];
  readonly current?: Match | undefined;
}

export function TextLog(props: TextLogProps) {
  const { lines, label, wrap } = props;
  useLinesVersion(lines);
  const { frame, ...scrolling } = useFollowing(props);
  const { first, end } = lines;
  const rows = useRows({
    count: end - first,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_PX,
    paddingStart: PADDING_PX,
    paddingEnd: PADDING_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => first + index,
  });
  const marks = useMarks(props);
  const { current, onFollow } = props;
  useEffect(() => {
    if (!current) return;
    onFollow(false);
    rows.scrollToIndex(current.line - lines.first, { align: "center" });
  }, [current, lines, rows, onFollow]);
  return (
    <div
      ref={frame}
      className={wrap ? "text-log text-log-wrap" : "text-log"}
      role="log"
      aria-live="off"
      aria-label={label}
      {...SCROLLED_BY_KEYS}
      {...scrolling}
    >
      <div className="text-log-lines" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, key, start }) => (
          <div
            key={key}
            ref={wrap ? rows.measureElement : undefined}
            data-index={index}
            className="text-log-line"
            style={{ transform: `translateY(${start}px)` }}
          >
            <LineText line={lines.line(first + index)} marks={marks.get(first + index) ?? NONE} />
          </div>
        ))}
      </div>
    </div>
  );
}

const NONE: readonly Mark[] = [];

interface LineTextProps {
  readonly line: Line;
  readonly marks: readonly Mark[];
}

const LineText = memo(function LineText({ line, marks }: LineTextProps) {
  return piecesOf(line, marks).map(({ text, classes }, index) =>
    classes === "" ? (
      text
    ) : (
      <span key={index} className={classes}>
        {text}
      </span>
    ),
  );
});

/** What was found, by the number of its line. */
function useMarks({ found, current }: TextLogProps): ReadonlyMap<number, readonly Mark[]> {
  return useMemo(() => {
    const marks = new Map<number, Mark[]>();
    for (const match of found ?? []) {
      const { line, from, to } = match;
      const isCurrent = line === current?.line && from === current.from;
      const classes = isCurrent ? "text-log-found text-log-current" : "text-log-found";
      const there = marks.get(line) ?? [];
      there.push({ from, to, classes });
      marks.set(line, there);
    }
    return marks;
  }, [found, current]);
}

/** Nothing to press, but something to scroll: without the focus, keys could not. */
const SCROLLED_BY_KEYS = { tabIndex: 0 } as const;

/**
 * The reader's scrolling up ends the following, and reaching the end begins it. Lines that come do neither, nor does
 * their being measured, which moves things too.
 */
function useFollowing({ follow, onFollow }: TextLogProps) {
  const frame = useRef<HTMLDivElement>(null);
  const before = useRef(0);
  const gestureAt = useRef(-Infinity);
  const isHeld = useRef(false);
  useLayoutEffect(() => {
    if (follow && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  });
  const onGesture = ({ timeStamp }: SyntheticEvent): void => {
    gestureAt.current = timeStamp;
  };
  const hold = (held: boolean) => () => {
    isHeld.current = held;
  };
  const onScroll = ({ currentTarget, timeStamp }: UIEvent<HTMLDivElement>): void => {
    const { scrollTop, scrollHeight, clientHeight } = currentTarget;
    const isUp = scrollTop < before.current;
    before.current = scrollTop;
    if (!isHeld.current && timeStamp - gestureAt.current > GESTURE_MS) return;
    const isAtEnd = scrollHeight - clientHeight - scrollTop < NEAR_PX;
    if (follow && isUp && !isAtEnd) onFollow(false);
    else if (!follow && !isUp && isAtEnd) onFollow(true);
  };
  return {
    frame,
    onScroll,
    onWheel: onGesture,
    onTouchMove: onGesture,
    onKeyDown: onGesture,
    onPointerDown: hold(true),
    onPointerUp: hold(false),
    onPointerCancel: hold(false),
  };
}
