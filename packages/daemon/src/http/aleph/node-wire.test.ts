import assert from "node:assert/strict";
import { test } from "node:test";

import { statusConfigWire } from "./node-wire.ts";
import { pythonJson } from "./python-json.ts";

test("node wire: of the configuration's numbers the payment monitor's interval is real", () => {
  const payment = { AVAILABLE_PAYMENTS: {}, PAYMENT_MONITOR_INTERVAL: 60 };
  const networking = { IPV6_SUBNET_PREFIX: 124 };
  assert.equal(
    pythonJson(statusConfigWire({ networking, payment })),
    '{"networking": {"IPV6_SUBNET_PREFIX": 124}, "payment": {"AVAILABLE_PAYMENTS": {}, "PAYMENT_MONITOR_INTERVAL": 60.0}}',
  );
});
