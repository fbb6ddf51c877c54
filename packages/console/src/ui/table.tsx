/** A plain table for tens of rows. Where there is no room for columns, each row becomes a block of names and values. */

import type { ReactNode } from "react";

import "./table.css";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** `number`: at the right, figures below one another. `actions`: buttons, and the name is only read out */
  readonly kind?: "text" | "number" | "actions";
}

export interface TableProps<Row> {
  /** what the rows are, for screen readers */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

// Blocks are no table any more to screen readers, unless the roles are said.
export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table className="table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, kind = "text" }) => (
            <th key={name} role="columnheader" scope="col" className={`table-${kind}`}>
              {kind === "actions" ? <span className="unseen">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row">
            {columns.map(({ name, kind = "text", cell }) => (
              <td
                key={name}
                role="cell"
                className={`table-${kind}`}
                data-name={kind === "actions" ? undefined : name}
              >
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
