/** One operation: closed it is a line, open it says all. Its address is its id. */

import { Link as LinkIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { Badge } from "../ui/badge.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { Facts } from "../ui/facts.tsx";
import {
  type Answer,
  type ApiDocument,
  type Content,
  json,
  type Operation,
  type Parameter,
} from "./api-document.ts";
import { curlExample } from "./curl-example.ts";
import "./operation-entry.css";
import { shapeOf } from "./shape.ts";

export interface OperationEntryProps {
  readonly operation: Operation;
  readonly document: ApiDocument;
  /** where it is served, such as `http://127.0.0.1:8080` */
  readonly origin: string;
  /** the address names it: it opens, and comes into view */
  readonly isWanted: boolean;
}

export function OperationEntry(props: OperationEntryProps) {
  const { operation, document, origin, isWanted } = props;
  const { id, method, path, summary } = operation;
  const [isOpen, setOpen] = useState(isWanted);
  const entry = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const element = entry.current;
    if (!isWanted || !element) return;
    element.open = true;
    element.scrollIntoView();
  }, [isWanted]);
  return (
    <details
      ref={entry}
      id={id}
      className="operation-entry"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <span className={`operation-entry-method operation-entry-${method.toLowerCase()}`}>
          {method}
        </span>
        <code className="operation-entry-path">{path}</code>
        <span className="operation-entry-summary">
          <Words text={summary} />
        </span>
      </summary>
      {isOpen && <Details operation={operation} document={document} origin={origin} />}
    </details>
  );
}

function Details({ operation, document, origin }: Omit<OperationEntryProps, "isWanted">) {
  const { id, description, credentials, parameters, bodies, answers, refusals } = operation;
  return (
    <div className="operation-entry-body">
      <p className="operation-entry-facts">
        <a href={`#${id}`} className="operation-entry-link">
          <LinkIcon size={14} aria-hidden /> {id}
        </a>
        {credentials.length === 0 && <Badge>needs no token</Badge>}
        {credentials.length > 0 && !credentials.includes("token") && (
          <span className="muted small">needs one of: {credentials.join(", ")}</span>
        )}
      </p>
      {description !== undefined && (
        <p>
          <Words text={description} />
        </p>
      )}
      <CommandLine command={curlExample(operation, origin, document)} />
      {parameters.length > 0 && <Parameters parameters={parameters} document={document} />}
      {bodies.length > 0 && (
        <section>
          <h3>Body</h3>
          <Contents contents={bodies} document={document} />
        </section>
      )}
      {answers.map((answer) => (
        <section key={answer.status}>
          <h3>
            Answer {answer.status}: {answer.description}
          </h3>
          <Contents contents={answer.contents} document={document} />
        </section>
      ))}
      {refusals.length > 0 && <Refusals refusals={refusals} document={document} />}
    </div>
  );
}

/** What stands between backquotes is code. */
function Words({ text }: { readonly text: string }) {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

function Parameters({
  parameters,
  document,
}: {
  readonly parameters: readonly Parameter[];
  readonly document: ApiDocument;
}) {
  return (
    <section>
      <h3>Parameters</h3>
      <Facts
        rows={parameters.map(({ name, place, required, schema, description }) => [
          name,
          <span key={name}>
            <code>{shapeOf(schema, document)}</code>
            <span className="muted">{` in the ${place}${required ? ", must be given" : ""}`}</span>
            {description !== undefined && (
              <>
                {" · "}
                <Words text={description} />
              </>
            )}
          </span>,
        ])}
      />
    </section>
  );
}

function Contents({
  contents,
  document,
}: {
  readonly contents: readonly Content[];
  readonly document: ApiDocument;
}) {
  return contents.map(({ type, schema }) => (
    <figure key={type} className="operation-entry-shape">
      <figcaption className="muted small mono">{type}</figcaption>
      <pre>{shapeOf(schema, document)}</pre>
    </figure>
  ));
}

interface RefusalsProps {
  readonly refusals: readonly Answer[];
  readonly document: ApiDocument;
}

/** All have one shape; so it is said once. */
function Refusals({ refusals, document }: RefusalsProps) {
  const contents = refusals.flatMap((refusal) => refusal.contents);
  const haveCodes = contents.some(
    ({ schema }) => "code" in json(document.resolve(schema)["properties"]),
  );
  return (
    <section>
      <h3>Refusals</h3>
      <Facts
        rows={refusals.map(({ status, description }) => [
          status,
          <Words key={status} text={description} />,
        ])}
      />
      {haveCodes && (
        <p className="muted small">
          Each is an object with <code>error</code>, a sentence for people, and <code>code</code>, a
          word for programs.
        </p>
      )}
    </section>
  );
}
