/** Everything that the daemon serves, from its own OpenAPI document. */

import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Select, TextField } from "../ui/field.tsx";
import { count } from "../ui/figures.ts";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import {
  type ApiDocument,
  filterGroups,
  type OperationGroup,
  readDocument,
} from "./api-document.ts";
import { OperationEntry } from "./operation-entry.tsx";
import "./reference-page.css";
import { useHash } from "./use-hash.ts";

export function ReferencePage() {
  const [isAleph, setAleph] = useState(false);
  const node = useQuery({
    queryKey: KEYS.aleph,
    queryFn: ({ signal }) => client.aleph.node({ signal }),
  });
  const port = node.data?.on ? node.data.port : undefined;
  const document = useQuery({
    queryKey: [...KEYS.openApi, isAleph],
    queryFn: async ({ signal }) =>
      readDocument(
        await (isAleph ? client.aleph.document({ signal }) : client.openApi({ signal })),
      ),
  });
  return (
    <Page
      title="API reference"
      lead={
        <>
          What this daemon serves, by its own account. The document itself:{" "}
          {isAleph ? (
            <a href="/v1/aleph/openapi.json">/v1/aleph/openapi.json</a>
          ) : (
            <a href="/openapi.json">/openapi.json</a>
          )}
        </>
      }
      actions={port !== undefined && <Choice isAleph={isAleph} onChoose={setAleph} />}
    >
      {document.error && (
        <ErrorNote error={document.error} onRetry={() => void document.refetch()} />
      )}
      {document.isPending && <PageLoading />}
      {document.data && (
        <Reference document={document.data} origin={originOf(isAleph ? port : undefined)} />
      )}
    </Page>
  );
}

/** @param port another than this page's */
function originOf(port: number | undefined): string {
  return port === undefined ? location.origin : `http://${location.hostname}:${port}`;
}

interface ChoiceProps {
  readonly isAleph: boolean;
  readonly onChoose: (isAleph: boolean) => void;
}

function Choice({ isAleph, onChoose }: ChoiceProps) {
  return (
    <Select
      label="API"
      value={isAleph ? "aleph" : "host"}
      onChange={({ target }) => onChoose(target.value === "aleph")}
    >
      <option value="host">Alcove and Slicer</option>
      <option value="aleph">Aleph node</option>
    </Select>
  );
}

interface ReferenceProps {
  readonly document: ApiDocument;
  readonly origin: string;
}

function Reference({ document, origin }: ReferenceProps) {
  const hash = useHash();
  const [filter, setFilter] = useState({ text: "", hash });
  // An address that came after the filter wins: what it names is shown.
  const isPassed = filter.hash !== hash && !shows(filterGroups(document.groups, filter.text), hash);
  const wanted = isPassed && document.operations.some(({ id }) => id === hash) ? "" : filter.text;
  const words = useDeferredValue(wanted);
  const groups = useMemo(() => filterGroups(document.groups, words), [document, words]);
  const found = groups.reduce((sum, { operations }) => sum + operations.length, 0);
  return (
    <div className="reference-page">
      <nav className="reference-page-side" aria-label="Operations">
        <TextField
          label="Filter"
          type="search"
          placeholder="exec, POST, images …"
          value={wanted}
          onChange={({ target }) => setFilter({ text: target.value, hash })}
        />
        <p className="muted small" role="status">
          {count(found, "operation")}
        </p>
        <ul className="reference-page-groups">
          {groups.map(({ name }) => (
            <li key={name}>
              <a href={`#${anchorOf(name)}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="reference-page-main">
        {found === 0 && (
          <EmptyState title="No operation has all of these words">
            Words are looked for in paths, methods, names and summaries.
          </EmptyState>
        )}
        {groups.map((group) => (
          <Group key={group.name} group={group} document={document} origin={origin} wanted={hash} />
        ))}
      </div>
    </div>
  );
}

function shows(groups: readonly OperationGroup[], wanted: string): boolean {
  return groups.some(({ operations }) => operations.some(({ id }) => id === wanted));
}

interface GroupProps extends ReferenceProps {
  readonly group: OperationGroup;
  /** id of the operation that the address names */
  readonly wanted: string;
}

function Group({ group: { name, operations }, document, origin, wanted }: GroupProps) {
  return (
    <div id={anchorOf(name)} className="reference-page-group">
      <Card title={name} flush>
        {operations.map((operation) => (
          <OperationEntry
            key={operation.id}
            operation={operation}
            document={document}
            origin={origin}
            isWanted={operation.id === wanted}
          />
        ))}
      </Card>
    </div>
  );
}

/** "group-alcove-images": no operation is called so */
function anchorOf(group: string): string {
  return `group-${group.replaceAll(/[^\w]+/g, "-")}`;
}
