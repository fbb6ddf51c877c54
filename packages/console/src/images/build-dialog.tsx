/** Which recipe is to be built. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Check } from "../ui/field.tsx";
import type { Recipe } from "./images.ts";
import "./build-dialog.css";

export interface BuildDialogProps {
  readonly recipes: readonly Recipe[];
  readonly onClose: () => void;
}

export function BuildDialog({ recipes, onClose }: BuildDialogProps) {
  const [chosen, setChosen] = useState(recipes[0]?.name ?? "");
  const [isFresh, setFresh] = useState(false);
  const queries = useQueryClient();
  const build = useMutation({
    mutationFn: () => client.images.build(chosen, { fresh: isFresh }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: KEYS.images });
      onClose();
    },
  });
  return (
    <Dialog
      title="Build an image"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={build.isPending} onClick={() => build.mutate()}>
            {`Build ${chosen}`}
          </Button>
        </>
      }
    >
      <Recipes recipes={recipes} chosen={chosen} onChoose={setChosen} />
      <Check
        label="Download everything again"
        hint="Otherwise packages of an earlier build are used, and nothing is built where nothing has changed."
        checked={isFresh}
        onChange={({ target }) => setFresh(target.checked)}
      />
      <p className="muted small">
        It goes on in the background, and can be cancelled. Images need one to three minutes, the
        kernel ten or more.
      </p>
      {build.error && <ErrorNote error={build.error} />}
    </Dialog>
  );
}

function Recipes({
  recipes,
  chosen,
  onChoose,
}: {
  readonly recipes: readonly Recipe[];
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}) {
  return (
    <fieldset className="build-dialog-recipes">
      <legend className="unseen">Recipe</legend>
      {recipes.map(({ name, kind, description }) => (
        <label key={name} className="build-dialog-recipe">
          <input
            type="radio"
            name="recipe"
            checked={name === chosen}
            onChange={() => onChoose(name)}
          />
          <span>
            <strong>{name}</strong>
            {kind === "kernel" && <span className="muted"> (kernel)</span>}
            <span className="build-dialog-words">{description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
