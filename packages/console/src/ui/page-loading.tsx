/** While a page's code or its first answer is on its way: the shape of what comes, so that nothing jumps. */

import "./page-loading.css";

export function PageLoading() {
  return (
    <div className="page-loading" role="status">
      <span className="unseen">Loading</span>
      <div className="page-loading-title" />
      <div className="page-loading-block" />
    </div>
  );
}

/** @param rows how many lines are expected */
export function RowsLoading({ rows = 6 }: { readonly rows?: number }) {
  return (
    <div className="rows-loading" role="status">
      <span className="unseen">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="rows-loading-row" />
      ))}
    </div>
  );
}
