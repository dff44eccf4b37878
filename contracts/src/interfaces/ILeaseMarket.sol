// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarketEvents} from "./ILeaseMarketEvents.sol";

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
    uint32 grace; // seconds that a payment note may run ahead of the clock; at most a day
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
    uint64 gang; // zero: alone; else id << 16 | size: opens only with all its members in one call; see openMany
    address funder; // zero: the client's own cash; else a contract whose restricted credit pays
    bytes32 fundingRef; // which credit of the funder
}

/// @notice What a client lets an operator sign for him. Its largest loss is `maxTotal`.
/// @dev The operator signs MandatedOrder(mandateHash, orderHash), so an order is good under one mandate only.
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
/// @dev The order of members here and in SettleArgs gives `open`, `settle` and `closeNow` low selectors, which the
/// compiler's dispatcher reaches first.
struct OpenArgs {
    Offer offer;
    Order order;
    bytes offerSig; // over the offer, or over OfferBatch(root)
    bytes32[] offerProof; // from the offer's leaf to the root; empty with a single offer
    bytes orderSig; // the client's over Order, or the operator's over MandatedOrder; empty if he sends it himself
    bytes32[] unitProof; // for order.units
    bytes mandate; // empty, or abi.encode(Mandate, bytes sig, bytes32[] proof), see MandateProof
}

/// @notice Everything that settles one lease. Anyone may send it.
struct SettleArgs {
    Terms terms;
    bytes noteSig; // by terms.key over PaymentNote(lease, total); empty when total == terms.paid
    bytes closeSig; // empty: the lease stays open; else the provider's over Close(lease, total)
    uint128 total; // of the payment note: all that is owed so far
}

/// @notice `OpenArgs.mandate` is abi.encode of its three members in this order.
struct MandateProof {
    Mandate mandate;
    bytes sig; // the client's, over the mandate
    bytes32[] proof; // for mandate.providers
}

/// @notice An ERC-3009 authorisation to receive, signed by `from` for the token.
struct Authorization {
    address from;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 salt; // the authorisation's nonce is keccak256(abi.encode(chainId, market, account, salt))
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title The market of leases
/// @notice Keeps the cash of accounts, the escrow of live leases and the fees; opens and settles leases of units.
/// Nobody but the owner of cash can move it, except into a lease that he, or an operator within a mandate that he
/// signed, agreed to; no role reaches cash or escrow. Everything that opens, settles or ends a lease may be sent by
/// anyone. Entry can be paused; exits never.
/// @dev Signatures: 65 bytes (r, s, v) or 64 bytes (ERC-2098), low s; plain ECDSA first, then ERC-1271 with bounded gas
/// (payment notes: ECDSA only). A role can list tokens; a listed token must be a plain ERC-20 (no fee on transfer, no
/// rebasing, total supply below 2**128).
interface ILeaseMarket is ILeaseMarketEvents {
    // --- cash ---

    /// @notice Pulls `amount` of `token` from the caller into his cash. Needs an allowance.
    /// @param token A listed token.
    /// @param amount Base units, not zero.
    function deposit(address token, uint128 amount) external;

    /// @notice Pulls `amount` of `token` from the caller into the cash of `account`.
    /// @param account Whose cash grows.
    /// @param token A listed token.
    /// @param amount Base units, not zero.
    function depositFor(address account, address token, uint128 amount) external;

    /// @notice As `deposit`, with an ERC-2612 permit; a permit that someone already spent does no harm.
    /// @param token A listed token with ERC-2612.
    /// @param amount Base units; also the permit's value.
    /// @param deadline The permit's.
    /// @param v The permit's signature.
    /// @param r The permit's signature.
    /// @param s The permit's signature.
    function depositWithPermit(address token, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pulls `amount` of `token` from `auth.from` into the cash of `account` by an ERC-3009 authorisation that
    /// anyone may relay.
    /// @dev The authorisation's `to` is the market and its nonce must be `authorizationNonce(account, auth.salt)`, which
    /// binds the beneficiary.
    /// @param token A listed token with ERC-3009.
    /// @param account Whose cash grows.
    /// @param amount Base units; also the authorisation's value.
    /// @param auth The authorisation; anyone may relay it.
    function depositWithAuthorization(address token, address account, uint128 amount, Authorization calldata auth)
        external;

    /// @notice Sends `amount` of the caller's cash to `to`. Never paused.
    /// @param token The token.
    /// @param to Who receives it; neither zero nor the market.
    /// @param amount Base units, not zero.
    function withdraw(address token, address to, uint128 amount) external;

    /// @notice Moves cash of the caller (a funder) into its credit `ref`, out of which leases that name it are paid.
    /// @dev Callable from within `IFunder.authorize`.
    /// @param ref The funder's own name for the credit; Order.fundingRef.
    /// @param token The token.
    /// @param amount Base units, not zero.
    function fundRef(bytes32 ref, address token, uint128 amount) external;

    /// @notice Moves credit of the caller's `ref` back into his cash.
    /// @param ref The funder's own name for the credit.
    /// @param token The token.
    /// @param amount Base units, not zero.
    function unfundRef(bytes32 ref, address token, uint128 amount) external;

    // --- opening ---

    /// @notice Opens a lease from an offer and an order. Anyone may send it. Orders with a gang are refused here.
    /// @return lease The lease's id.
    /// @param args Offer, order and who agreed to them.
    function open(OpenArgs calldata args) external returns (bytes32 lease);

    /// @notice Opens many. With `allOrNone` any failure reverts, and gangs may open: `size` consecutive items that
    /// share client and gang. Without, a failing item is skipped with `OpenSkipped`, and gangs are refused.
    /// A gang's members are known by client and gang alone: whoever signs one of them again must sign all of them
    /// again with a new id, or the two versions of one member can pass for two members.
    /// @dev Within one transaction a batch root that was verified once need not be signed again: `offerSig` of later
    /// items under the same root by the same provider may be empty.
    /// @param args The items, encoded one behind the other as every ordinary encoder does.
    /// @param allOrNone Whether a failure of one undoes all.
    function openMany(OpenArgs[] calldata args, bool allOrNone) external;

    /// @notice Extends a live lease by `addSeconds`, at most to `maxEnd`; escrow grows by rate * addSeconds.
    /// @dev The payer consents: the client, or the funder where one paid. `sig` is his over
    /// TopUp(lease, addSeconds, terms.end), or empty when he sends it himself. A lease whose close was requested or
    /// that has ended cannot be extended.
    /// @param terms The live terms.
    /// @param addSeconds How much longer; not zero.
    /// @param sig The payer's, or empty.
    function topUp(Terms calldata terms, uint32 addSeconds, bytes calldata sig) external;

    // --- settling and leaving: none of these can be paused ---

    /// @notice Pays up to the note's total: never above min(escrow, rate * (min(now, end) - start + grace)). With
    /// `closeSig`, the provider's Close(lease, total), the lease ends at once and the rest is refunded. From the
    /// request of a close, or the end, until the lease may be finalised only the provider may settle without `closeSig`:
    /// any payment changes the terms, and nobody may change them under his last note.
    /// @param args The live terms, the note and, to end the lease, the provider's consent.
    function settle(SettleArgs calldata args) external;

    /// @notice As `settle`, sent by the provider himself, and the lease ends at once. `closeSig` is not read.
    /// @param args The live terms and the last note.
    function closeNow(SettleArgs calldata args) external;

    /// @notice Settles many (`closing`: as `closeNow`). A failing item is skipped with `SettleSkipped`.
    /// @param args The items, encoded one behind the other as every ordinary encoder does.
    /// @param closing Whether the caller, as the provider of each, ends them.
    function settleMany(SettleArgs[] calldata args, bool closing) external;

    /// @notice Starts the window of CLOSE_WINDOW seconds after which anyone may finalise; notes still settle until
    /// then. By the client himself, or signed by him or by the lease key over RequestClose(lease).
    /// @dev `terms` must be the live ones, and each note that is settled changes them: on UnknownTerms read them again
    /// and send again. A provider can cause that only with notes that he holds, each of which pays what was signed. The
    /// same goes for topUp and finalizeClose.
    /// @param terms The live terms.
    /// @param sig The client's or the lease key's, or empty.
    function requestClose(Terms calldata terms, bytes calldata sig) external;

    /// @notice Ends a lease whose requested window, or whose end and one window, has passed. Anyone may send it.
    /// @param terms The live terms.
    function finalizeClose(Terms calldata terms) external;

    /// @notice Voids every offer, order and mandate that the caller has signed so far, in every listed token.
    function cancelAll() external;

    /// @notice The same for `account` by his signature over CancelAll(account, counter); `counter` must be the next one.
    /// @param account Whose counter moves.
    /// @param counter The next counter, which is one above the highest in any listed token.
    /// @param sig The account's.
    function cancelAllFor(address account, uint32 counter, bytes calldata sig) external;

    /// @notice Revokes a mandate. By its client himself, or signed by him over RevokeMandate(mandateHash).
    /// @param mandate The mandate.
    /// @param sig Its client's, or empty.
    function revokeMandate(Mandate calldata mandate, bytes calldata sig) external;

    /// @notice GP: burns the burn share of the accrued fees and sends the rest to the fee sink. Another token: sends
    /// the fees to the fee auction, or fails while there is none. Anyone may send it.
    /// @param token The token.
    function collectFees(address token) external;

    // --- configuration, by roles of the AccessManager ---

    /// @notice Lists a token, or changes the fee of later leases (at most MAX_FEE_BPS). At most MAX_TOKENS.
    /// @param token A plain ERC-20.
    /// @param feeBps Ten-thousandths of the rent.
    function listToken(address token, uint16 feeBps) external;

    /// @notice Stops deposit, open and topUp in `token`; zero means every listed token.
    /// @param token A listed token, or zero.
    function pause(address token) external;

    /// @notice Resumes them.
    /// @param token A listed token, or zero.
    function unpause(address token) external;

    /// @notice Where the unburnt part of GP fees goes; zero keeps all of them here.
    /// @param sink The new sink.
    function setFeeSink(address sink) external;

    /// @notice Who takes fees in other tokens than GP; zero keeps them here.
    /// @param auction The new auction.
    function setFeeAuction(address auction) external;

    /// @notice Where discounts are read (IFeeSource); zero means none.
    /// @param source The new source.
    function setFeeSource(address source) external;

    /// @notice The share of GP fees that is burnt, between MIN_BURN_BPS and 10,000.
    /// @param bps Ten-thousandths.
    function setBurnBps(uint16 bps) external;

    // --- views ---

    /// @notice An account in one token: cash, its counter, and the window of 64 nonces that ends at `top` (bit 0).
    function accountOf(address token, address account)
        external
        view
        returns (uint128 cash, uint32 counter, uint32 top, uint64 window);

    /// @notice The credit of a funder's reference.
    function creditOf(address token, address funder, bytes32 ref) external view returns (uint128);

    /// @notice A mandate by its struct hash: escrow committed, replay window of its operator's orders, revoked.
    function mandateOf(bytes32 mandate)
        external
        view
        returns (uint128 committed, uint32 top, uint64 window, bool revoked);

    /// @notice The unit's slot: below 2**32 the next seq of an idle unit, else keccak256(abi.encode(Terms)).
    function unitOf(address provider, uint64 unit) external view returns (bytes32);

    /// @notice Whether exactly these terms are live.
    function isLive(Terms calldata terms) external view returns (bool);

    /// @notice What a note for `total` would pay now, fee included: zero when the terms are not live.
    function collectable(Terms calldata terms, uint128 total) external view returns (uint128);

    /// @notice The name of a lease.
    function leaseId(address provider, uint64 unit, uint32 seq) external view returns (bytes32);

    /// @notice A listed token's fee and whether its entry is paused.
    function tokenOf(address token) external view returns (bool listed, bool paused, uint16 feeBps);

    /// @notice The listed tokens.
    function tokens() external view returns (address[] memory);

    /// @notice Fees accrued and not yet collected.
    function feesOf(address token) external view returns (uint128);

    /// @notice Where fees go, how much of GP fees is burnt, where discounts are read.
    function feeSettings() external view returns (address sink, uint16 burnBps, address auction, address source);

    /// @notice The nonce that an ERC-3009 authorisation for `depositWithAuthorization` must carry.
    function authorizationNonce(address account, bytes32 salt) external view returns (bytes32);

    /// @notice EIP-712 struct hashes; the digest that is signed is keccak256(0x1901 || domainSeparator() || hash).
    function offerHash(Offer calldata offer) external pure returns (bytes32);
    function orderHash(Order calldata order) external pure returns (bytes32);
    function mandateHash(Mandate calldata mandate) external pure returns (bytes32);
}
