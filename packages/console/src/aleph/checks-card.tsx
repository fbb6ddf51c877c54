/** Looks that the node takes at itself, each when it is asked for: they reach out to the network. */

import { useMutation } from "@tanstack/react-query";
import { Stethoscope } from "lucide-react";

import { client } from "../app/client.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import "./checks-card.css";

const CHECKS = [
  { what: "host", label: "Host", means: "Whether the host reaches the network by IPv4 and IPv6." },
  { what: "ipv6", label: "IPv6 in VMs", means: "Whether a VM reaches the network by IPv6." },
  {
    what: "programs",
    label: "Programs",
    means: "Whether the network's diagnostic program works here.",
  },
] as const;

export function ChecksCard() {
  return (
    <Card title="Checks">
      <ul className="checks-card">
        {CHECKS.map((check) => (
          <Check key={check.what} {...check} />
        ))}
      </ul>
    </Card>
  );
}

function Check({ what, label, means }: (typeof CHECKS)[number]) {
  const look = useMutation({ mutationFn: () => client.aleph.check(what) });
  return (
    <li className="checks-card-one">
      <div className="checks-card-head">
        <div>
          <h3>{label}</h3>
          <p className="muted small">{means}</p>
        </div>
        <Button icon={Stethoscope} busy={look.isPending} onClick={() => look.mutate()}>
          Check {label}
        </Button>
      </div>
      <div aria-live="polite">
        {look.data && (
          <p className="checks-card-results">
            <Badge tone={look.data.well ? "good" : "bad"}>
              {look.data.well ? "well" : "not well"}
            </Badge>
            {look.data.results.map(({ what: name, ok }) => (
              <span key={name} className={ok ? "muted" : "checks-card-failed"}>
                {name} {ok ? "✓" : "✗ fails"}
              </span>
            ))}
          </p>
        )}
      </div>
      {look.error && <ErrorNote error={look.error} />}
    </li>
  );
}
