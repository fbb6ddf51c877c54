/**
 * A plain table for tens of rows. Where there is no room for columns, each row becomes a block of names and values; the
 * roles say that it is a table then, too.
 */

import type { ReactNode } from "react";

import "./table.css";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** `number`: at the right, figures below one another */
  readonly kind?: "text" | "number";
}

export interface TableProps<Row> {
  /** what the rows are, for screen readers */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** buttons at the end of each row */
  readonly renderActions?: (row: Row) => ReactNode;
}

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, renderActions } = props;
  return (
    <table role="table" className="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, kind = "text" }) => (
            <th key={name} role="columnheader" scope="col" className={`table-${kind}`}>
              {name}
            </th>
          ))}
          {renderActions && (
            <th role="columnheader" scope="col" className="table-actions">
              <span className="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row">
            {columns.map(({ name, kind = "text", cell }, index) => (
              <td
                key={name}
                role={index === 0 ? "rowheader" : "cell"}
                className={`table-${kind}`}
                data-name={name}
              >
                <div>{cell(row)}</div>
              </td>
            ))}
            {renderActions && (
              <td role="cell" className="table-actions">
                {renderActions(row)}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
