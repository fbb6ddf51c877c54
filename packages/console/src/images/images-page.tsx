/** Images and kernels: what there is, what is being made, and one more or one less. */

import { useQuery } from "@tanstack/react-query";
import { HardDriveDownload, Hammer } from "lucide-react";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { RowsLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { BuildDialog } from "./build-dialog.tsx";
import { ImageTable } from "./image-table.tsx";
import type { Images } from "./images.ts";
import { ImportDialog } from "./import-dialog.tsx";
import { WorkList } from "./work-list.tsx";

export function ImagesPage() {
  const [asked, setAsked] = useState<"build" | "import">();
  const images = useQuery({
    queryKey: KEYS.images,
    queryFn: ({ signal }) => client.images.list({ signal }),
  });
  const { data } = images;
  return (
    <Page
      title="Images"
      lead="What VMs boot from: a root file system with its kernel. A VM keeps the image it was made of, whatever is built later."
      actions={
        data?.enabled && (
          <>
            <Button icon={HardDriveDownload} onClick={() => setAsked("import")}>
              Import a disk
            </Button>
            <Button kind="primary" icon={Hammer} onClick={() => setAsked("build")}>
              Build an image
            </Button>
          </>
        )
      }
    >
      {images.error && <ErrorNote error={images.error} onRetry={() => void images.refetch()} />}
      {images.isPending && (
        <Card title="Images and kernels" flush>
          <RowsLoading rows={4} />
        </Card>
      )}
      {data && <Contents images={data} onBuild={() => setAsked("build")} />}
      {data && asked === "build" && (
        <BuildDialog recipes={data.recipes} onClose={() => setAsked(undefined)} />
      )}
      {data && asked === "import" && (
        <ImportDialog images={data} onClose={() => setAsked(undefined)} />
      )}
    </Page>
  );
}

function Contents({ images, onBuild }: { readonly images: Images; readonly onBuild: () => void }) {
  if (!images.enabled)
    return (
      <EmptyState title="This host keeps no images">
        Its VMs are fake ones, as in tests: they boot nothing.
      </EmptyState>
    );
  return (
    <>
      {images.works.length > 0 && <WorkList works={images.works} />}
      {images.images.length > 0 ? (
        <Card title="Images and kernels" flush>
          <ImageTable images={images.images} />
        </Card>
      ) : (
        <EmptyState
          title="There is no image yet"
          action={
            <Button kind="primary" icon={Hammer} onClick={onBuild}>
              Build the first image
            </Button>
          }
        >
          VMs need one to boot from. “base” is a small Debian; it takes a minute or two, and
          downloads about 60 MiB.
        </EmptyState>
      )}
    </>
  );
}
