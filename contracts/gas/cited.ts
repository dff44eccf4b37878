/**
 * Peers' hot paths as published in the project's reference page (contracts.md, 1.4): measured there from their released
 * artefacts on anvil 1.7.1, not measured here. Gas.
 */
export const CITED: Readonly<Record<string, number>> = {
  "cited.iexec_poco_6.1.0.match_orders": 674_069,
  "cited.iexec_poco_6.1.0.whole_task": 1_642_196,
  "cited.ocean_escrow_2.6.0.create_lock_10_open": 228_019,
  "cited.ocean_escrow_2.6.0.claim_lock_10_open": 142_332,
  "cited.ocean_escrow_2.6.0.create_lock_200_open": 1_171_749,
  "cited.ocean_escrow_2.6.0.claim_lock_200_open": 1_085_872,
  "cited.sablier_flow_3.0.1.create_and_deposit": 196_779,
  "cited.sablier_flow_3.0.1.withdraw_max": 74_626,
};
