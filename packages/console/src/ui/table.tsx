/** A plain table for tens of rows. Where there is no room for columns, each row becomes a block of names and values. */

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
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, kind = "text" }) => (
            <th key={name} scope="col" className={`table-${kind}`}>
              {name}
            </th>
          ))}
          {renderActions && (
            <th scope="col" className="table-actions">
              <span className="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ name, kind = "text", cell }) => (
              <td key={name} className={`table-${kind}`} data-name={name}>
                <div>{cell(row)}</div>
              </td>
            ))}
            {renderActions && <td className="table-actions">{renderActions(row)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
