/** Everything that the daemon serves, from its own OpenAPI document. */

import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
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
  const document = useQuery({
    queryKey: KEYS.openApi,
    queryFn: async ({ signal }) => readDocument(await client.openApi({ signal })),
  });
  return (
    <Page
      title="API reference"
      lead={
        <>
          What this daemon serves, by its own account. The document itself:{" "}
          <a href="/openapi.json">/openapi.json</a>
        </>
      }
    >
      {document.error && (
        <ErrorNote error={document.error} onRetry={() => void document.refetch()} />
      )}
      {document.isPending && <PageLoading />}
      {document.data && <Reference document={document.data} />}
    </Page>
  );
}

function Reference({ document }: { readonly document: ApiDocument }) {
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
          <Group key={group.name} group={group} document={document} wanted={hash} />
        ))}
      </div>
    </div>
  );
}

function shows(groups: readonly OperationGroup[], wanted: string): boolean {
  return groups.some(({ operations }) => operations.some(({ id }) => id === wanted));
}

interface GroupProps {
  readonly group: OperationGroup;
  readonly document: ApiDocument;
  /** id of the operation that the address names */
  readonly wanted: string;
}

function Group({ group: { name, operations }, document, wanted }: GroupProps) {
  return (
    <div id={anchorOf(name)} className="reference-page-group">
      <Card title={name} flush>
        {operations.map((operation) => (
          <OperationEntry
            key={operation.id}
            operation={operation}
            document={document}
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
