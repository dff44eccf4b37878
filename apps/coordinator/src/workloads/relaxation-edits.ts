import type { PlacementRequest } from "@corepool/core/placement-request";
import type { RelaxationView } from "@corepool/protocol/resources";

type Edits = NonNullable<RelaxationView["edits"]>;
type Value = Edits[number]["value"];

/** A request's fields as they stand in the body that asks for it; null: left out. */
function fieldsOf(request: PlacementRequest): Readonly<Record<string, Value>> {
  const { resources, maxRate, maxEscrow } = request;
  const { gpus } = resources;
  return {
    "/spec/resources/cpus": resources.cpus,
    "/spec/resources/memoryBytes": resources.memoryBytes,
    "/spec/resources/diskBytes": resources.diskBytes,
    "/spec/resources/gpus": JSON.parse(JSON.stringify(gpus.count === 0 ? { count: 0 } : gpus)) as Value,
    "/spec/durationSeconds": request.durationSeconds,
    "/spec/needs": [...request.needs],
    "/constraints/token": request.token,
    "/constraints/maxRate": maxRate === undefined ? null : String(maxRate),
    "/constraints/maxEscrow": maxEscrow === undefined ? null : String(maxEscrow),
    "/constraints/providers": request.providers === undefined ? null : [...request.providers],
    "/constraints/requireCgroup": request.requireCgroup,
    "/constraints/avoidWeaknesses": request.avoidWeaknesses === undefined ? null : [...request.avoidWeaknesses],
  };
}

/** What to change in the body of a request so that it asks for `relaxed`. */
export function editsOf(request: PlacementRequest, relaxed: PlacementRequest): Edits {
  const before = fieldsOf(request);
  return Object.entries(fieldsOf(relaxed))
    .filter(([pointer, value]) => JSON.stringify(value) !== JSON.stringify(before[pointer]))
    .map(([pointer, value]) => ({ pointer, value }));
}
