/** A VM's tags, and changing them. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type FormEvent, useState } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import { visible } from "../ui/visible.ts";
import { wordsIn } from "../ui/words-in.ts";
import "./tags-card.css";
import type { VmState } from "./vm-state.ts";

/** a friendly name is a tag that stays */
const NAME = "name=";

export function TagsCard({ vm }: { readonly vm: VmState }) {
  const [text, setText] = useState("");
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: (change: {
      readonly add?: readonly string[];
      readonly remove?: readonly string[];
    }) => client.vms.attach(vm.group, vm.hostname).changeTags(change),
    onSuccess: () => setText(""),
    onSettled: () => queries.invalidateQueries({ queryKey: KEYS.vm(vm.hostname) }),
  });
  const tags = vm.tags.filter((tag) => !tag.startsWith(NAME));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const add = wordsIn(text);
    if (add.length > 0) changing.mutate({ add });
  };
  return (
    <Card title="Tags">
      <ul className="tags-card-tags">
        {tags.map((tag) => (
          <li key={tag}>
            <span className="mono">{visible(tag)}</span>
            <IconButton
              icon={X}
              label={`Remove the tag ${visible(tag)}`}
              disabled={changing.isPending}
              onClick={() => changing.mutate({ remove: [tag] })}
            />
          </li>
        ))}
      </ul>
      <form className="tags-card-form" onSubmit={submit}>
        <TextField label="Add tags" value={text} onChange={({ target }) => setText(target.value)} />
        <Button type="submit" busy={changing.isPending} disabled={wordsIn(text).length === 0}>
          Add
        </Button>
      </form>
      {changing.error && <ErrorNote error={changing.error} />}
    </Card>
  );
}
