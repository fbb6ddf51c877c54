/** Whether the newest line stays in sight. */

import { ArrowDownToLine, Pause } from "lucide-react";

import { Button } from "./button.tsx";

export interface FollowButtonProps {
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
}

export function FollowButton({ follow, onFollow }: FollowButtonProps) {
  return (
    <Button icon={follow ? Pause : ArrowDownToLine} onClick={() => onFollow(!follow)}>
      {follow ? "Hold" : "Follow"}
    </Button>
  );
}
