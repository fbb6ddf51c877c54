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

/** What its elements are by themselves, which some browsers forget of those that are shown as blocks. */
const ROLE = {
  table: { role: "table" },
  rowgroup: { role: "rowgroup" },
  row: { role: "row" },
  columnheader: { role: "columnheader" },
  rowheader: { role: "rowheader" },
  cell: { role: "cell" },
} as const;

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, renderActions } = props;
  return (
    <table {...ROLE.table} className="table" aria-label={label}>
      <thead {...ROLE.rowgroup}>
        <tr {...ROLE.row}>
          {columns.map(({ name, kind = "text" }) => (
            <th key={name} {...ROLE.columnheader} scope="col" className={`table-${kind}`}>
              {name}
            </th>
          ))}
          {renderActions && (
            <th {...ROLE.columnheader} scope="col" className="table-actions">
              <span className="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody {...ROLE.rowgroup}>
        {rows.map((row) => (
          <tr key={keyOf(row)} {...ROLE.row}>
            {columns.map(({ name, kind = "text", cell }, index) => (
              <td
                key={name}
                {...(index === 0 ? ROLE.rowheader : ROLE.cell)}
                className={`table-${kind}`}
                data-name={name}
              >
                <div>{cell(row)}</div>
              </td>
            ))}
            {renderActions && (
              <td {...ROLE.cell} className="table-actions">
                {renderActions(row)}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
