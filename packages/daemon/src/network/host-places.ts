/** Which places of the address plan are taken on this host: by another daemon's VMs, or by whatever the host is in. */

import type { HostPlaces } from "#core/aleph/ports/host-places.ts";

import { deviceExists, hostNetworks, networkInWay } from "./presence.ts";

export const hostPlaces: HostPlaces = {
  taken() {
    const networks = hostNetworks();
    return (place) => deviceExists(place.tap) || networkInWay(place, networks) !== undefined;
  },
};
