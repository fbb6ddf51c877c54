/** What is being made, what waits for its turn, and what became of the last works. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { duration, percent } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import { legible, visible } from "../ui/visible.ts";
import { type ImageWork, isOpen } from "./images.ts";
import "./work-list.css";

const TONE: Readonly<Record<ImageWork["state"], Tone>> = {
  waiting: "rest",
  working: "busy",
  done: "good",
  failed: "bad",
  cancelled: "rest",
};

export function WorkList({ works }: { readonly works: readonly ImageWork[] }) {
  return (
    <Card title="Works" flush>
      <ul>
        {works.map((work) => (
          <Work key={work.id} work={work} />
        ))}
      </ul>
    </Card>
  );
}

function Work({ work }: { readonly work: ImageWork }) {
  const { id, what, name, state, error } = work;
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => client.images.cancel(id),
    onSettled: () => queries.invalidateQueries({ queryKey: KEYS.images }),
  });
  return (
    <li className="work-list-work">
      <div className="work-list-head">
        <span className="work-list-words">
          <strong>{what === "build" ? `Build of ${name}` : `Import of ${name}`}</strong>
          <Badge tone={TONE[state]} dot={isOpen(work)} active={state === "working"}>
            {state}
          </Badge>
          <span className="muted small">{whenOf(work)}</span>
        </span>
        <span>
          {isOpen(work) ? (
            <Button busy={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          ) : (
            <IconButton
              icon={X}
              label={`Dismiss the ${what} of ${name}`}
              onClick={() => cancel.mutate()}
            />
          )}
        </span>
      </div>
      {state === "working" && <Progress work={work} />}
      {error && <p className="work-list-error">{legible(error.message)}</p>}
      {cancel.error && <ErrorNote error={cancel.error} />}
    </li>
  );
}

/** While nobody knows how much is left, a part of the bar travels. */
function Progress({ work: { step = "begin", detail, fraction } }: { readonly work: ImageWork }) {
  const shown = visible(detail ?? "");
  const known = fraction === undefined ? {} : { "aria-valuenow": Math.round(fraction * 100) };
  return (
    <div className="work-list-progress">
      <div className="work-list-bar" role="progressbar" aria-label={step} {...known}>
        <div
          className={fraction === undefined ? "work-list-travel" : "work-list-fill"}
          style={fraction === undefined ? undefined : { width: `${fraction * 100}%` }}
        />
      </div>
      <p className="small">
        {step}
        {fraction !== undefined && <span className="number"> {percent(fraction)}</span>}
      </p>
      <p className="muted mono small truncate" title={shown}>
        {shown === "" ? "\u00A0" : shown}
      </p>
    </div>
  );
}

function whenOf({ state, askedAt, begunAt, endedAt, outcome }: ImageWork) {
  if (endedAt === undefined)
    return (
      <>
        for <RelativeTime at={begunAt ?? askedAt} bare />
      </>
    );
  const took = begunAt === undefined ? 0 : Date.parse(endedAt) - Date.parse(begunAt);
  const how = outcome === "unchanged" ? "it was up to date" : `in ${duration(took)}`;
  return (
    <>
      <RelativeTime at={endedAt} />
      {state === "done" && `, ${how}`}
    </>
  );
}
