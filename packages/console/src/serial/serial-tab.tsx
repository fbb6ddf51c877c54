/** The serial console of one VM: what it wrote, and what it writes. */

import { useRef, useState } from "react";

import { Card } from "../ui/card.tsx";
import { Check } from "../ui/field.tsx";
import { FollowButton } from "../ui/follow-button.tsx";
import { TextFind, useFindKey } from "../ui/text-find.tsx";
import { TextLog } from "../ui/text-log.tsx";
import { useTextFind } from "../ui/use-text-find.ts";
import type { VmState } from "../vm/vm-state.ts";
import { FeedBadge, NoSerial } from "./serial-state.tsx";
import "./serial-tab.css";
import { SaveSerialButton } from "./save-serial-button.tsx";
import { useSerial } from "./use-serial.ts";

type SerialVm = Pick<VmState, "hostname" | "group">;

export function SerialTab({ vm }: { readonly vm: SerialVm }) {
  const [attempt, setAttempt] = useState(0);
  return <SerialLog key={attempt} vm={vm} onRetry={() => setAttempt(attempt + 1)} />;
}

interface SerialLogProps {
  readonly vm: SerialVm;
  readonly onRetry: () => void;
}

function SerialLog({ vm, onRetry }: SerialLogProps) {
  const { lines, state } = useSerial(vm.group, vm.hostname);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(true);
  const finding = useTextFind(lines);
  const area = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useFindKey(area, input);
  const isEmpty = lines.end === lines.first;
  const { found, current } = finding;
  return (
    <div ref={area} className="serial-tab">
      <Card
        title="Serial console"
        flush
        actions={
          <div className="serial-tools">
            <span role="status">
              <FeedBadge state={state} />
            </span>
            <TextFind label="Search the serial console" finding={finding} input={input} />
            <Check label="Wrap" checked={wrap} onChange={({ target }) => setWrap(target.checked)} />
            <FollowButton follow={follow} onFollow={setFollow} />
            <SaveSerialButton vm={vm} />
          </div>
        }
      >
        {isEmpty ? (
          <NoSerial state={state} onRetry={onRetry} />
        ) : (
          <TextLog
            key={wrap ? "wrapped" : "straight"}
            lines={lines}
            label={`Serial console of ${vm.hostname}`}
            wrap={wrap}
            follow={follow}
            onFollow={setFollow}
            found={found}
            current={current}
          />
        )}
      </Card>
    </div>
  );
}
