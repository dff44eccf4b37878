// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Terms for one unit, signed by its provider (EIP-712), alone or as a leaf of a signed Merkle root.
/// @dev Money is in base units of `token`; times are seconds since the epoch or durations in seconds.
struct Offer {
    address provider; // whose unit it is, and who signs
    address payTo; // whose ledger account the rent is credited to; zero means the provider
    address token; // a listed token
    uint64 unit; // the provider's own number for the unit
    bytes32 spec; // hash of the unit's specification document (resources, isolation, interval, hold, pool)
    uint96 rate; // the floor, base units per second
    uint32 minSeconds; // shortest lease
    uint32 maxSeconds; // longest lease, top-ups included
    uint32 grace; // seconds that a payment note may run ahead of the clock
    uint40 notBefore; // a schedule of prices is a batch of offers with successive windows
    uint40 expiry; // last second at which it may be opened
    uint32 counter; // the provider's counter; `cancelAll` moves it
    address client; // zero: anyone; else a private offer
}

/// @notice A client's signed acceptance: what a lease may cost him at most and where it may run.
struct Order {
    address client; // who rents and, without a mandate, who signs
    address token;
    uint96 maxRate; // highest rate accepted
    uint96 bid; // what he bids; the lease's rate is max(bid, offer.rate), never above maxRate
    uint128 maxEscrow; // highest escrow accepted
    uint32 duration; // seconds; escrow = rate * duration
    address key; // the lease key: signs payment notes
    bytes32 units; // zero: any unit; else Merkle root of allowed leaves (a unit's or a provider's)
    uint40 expiry;
    uint32 nonce; // unique per client within the sliding window
    uint32 counter; // the client's counter; `cancelAll` moves it
    uint64 gang; // zero: alone; else id << 16 | size: opens only with all its members in one call
    address funder; // zero: the client's own cash; else a contract whose restricted credit pays
    bytes32 fundingRef; // which credit of the funder
}

/// @notice What a client lets an operator sign for him. Its largest loss is `maxTotal`.
struct Mandate {
    address client;
    address operator;
    address token;
    uint96 maxRate;
    uint128 maxEscrow; // per lease
    uint128 maxTotal; // of all escrow ever opened under it
    bytes32 providers; // zero: any; else Merkle root of allowed leaves (a tier is a published list)
    uint40 expiry;
    uint32 counter;
    uint32 salt;
}

/// @notice The live terms of a lease. Only their hash is stored; they travel in calldata and events.
struct Terms {
    address provider;
    uint64 unit;
    uint32 seq; // how often the unit has been leased before
    address client;
    address payTo;
    address key;
    address token;
    uint96 rate;
    uint128 escrow;
    uint128 paid; // settled so far, fee included
    uint40 start;
    uint40 end;
    uint40 maxEnd; // furthest end that top-ups may reach
    uint40 closeAt; // zero, or when a requested close may be finalised
    uint32 grace;
    uint16 feeBps; // snapshotted at open
    address funder;
    bytes32 fundingRef;
}

/// @notice Everything that opens one lease. Anyone may send it.
struct OpenArgs {
    Offer offer;
    bytes offerSig; // over the offer, or over OfferBatch(root) when offerProof is given
    bytes32[] offerProof; // empty with a single-signed offer
    Order order;
    bytes orderSig; // the client's, or the mandate's operator's
    bytes32[] unitProof; // for order.units
    bytes mandate; // empty, or abi.encode(Mandate, bytes mandateSig, bytes32[] providerProof)
}

/// @notice Everything that settles one lease. Anyone may send it.
struct SettleArgs {
    Terms terms;
    uint128 total; // of the payment note: all that is owed so far
    bytes noteSig; // by terms.key over PaymentNote(lease, total); empty when total == terms.paid
    bytes closeSig; // empty: stay open unless the provider himself sends it; else his Close(lease, total)
}
