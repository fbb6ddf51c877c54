/** Every setting of the node, for its operator. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { legible } from "../ui/visible.ts";
import "./settings-card.css";

export function SettingsCard() {
  const [text, setText] = useState("");
  const config = useQuery({
    queryKey: KEYS.alephConfig,
    queryFn: ({ signal }) => client.aleph.config({ signal }),
  });
  const wanted = text.trim().toLowerCase();
  const rows = Object.entries(config.data ?? {})
    .map(([name, value]) => [name, written(value)] as const)
    .filter((row) => row.join(" ").toLowerCase().includes(wanted));
  return (
    <Card title="Settings">
      <div className="settings-card">
        <TextField
          label="Find a setting"
          type="search"
          hint="Each is the environment variable ALEPH_VM_ with this name behind it."
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        {config.isPending && <RowsLoading rows={10} />}
        {config.error && <ErrorNote error={config.error} onRetry={() => void config.refetch()} />}
        {config.data && rows.length === 0 && <p className="muted">No setting has that in it.</p>}
        <dl className="settings-card-list">
          {rows.map(([name, value]) => (
            <div key={name} className="settings-card-row">
              <dt className="mono">{name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Card>
  );
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  return legible(typeof value === "string" ? value : JSON.stringify(value));
}
