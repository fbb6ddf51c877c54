/** Templates that are being built, or wait for their turn. */

import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { networkOf, shapeOf, type TemplateWork } from "./templates.ts";

const COLUMNS: readonly Column<TemplateWork>[] = [
  {
    name: "Image and size",
    cell: (work) => (
      <>
        <strong>{work.image}</strong>, {shapeOf(work)}
      </>
    ),
  },
  { name: "Network", cell: networkOf },
  {
    name: "State",
    cell: ({ state }) => (
      <Badge tone={state === "building" ? "busy" : "rest"} dot active={state === "building"}>
        {state}
      </Badge>
    ),
  },
  { name: "For", cell: ({ since }) => <RelativeTime at={since} bare /> },
];

export function TemplateWorks({ works }: { readonly works: readonly TemplateWork[] }) {
  return (
    <Card title="Under way" flush>
      <Table
        label="Templates under way"
        columns={COLUMNS}
        rows={works}
        keyOf={(work) => `${work.image} ${shapeOf(work)} ${work.network}`}
      />
    </Card>
  );
}
