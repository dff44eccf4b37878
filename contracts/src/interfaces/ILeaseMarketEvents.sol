// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Why a lease ended.
enum CloseReason {
    None,
    Agreed, // client's last note and the provider's signed Close
    ByProvider, // the provider himself sent his last note
    Requested, // the client asked and the window passed
    Expired // the lease ended and the window passed
}

/// @title Events and errors of the lease market
/// @notice A follower that reads these events alone knows every balance movement and the Terms of every live lease.
interface ILeaseMarketEvents {
    /// @notice A lease opened. The Terms are: `client` and `provider` from the topics, `paid` and `closeAt` zero, and
    /// @param lease keccak256(abi.encode(chainId, market, provider, unit, seq)).
    /// @param client Who rents.
    /// @param provider Whose unit it is.
    /// @param tokenRate token << 96 | rate (uint96).
    /// @param keyUnitSeq key << 96 | unit (uint64) << 32 | seq (uint32).
    /// @param payToStartGraceFee payTo << 96 | start (uint40) << 48 | grace (uint32) << 16 | feeBps (uint16).
    /// @param escrowEnds escrow (uint128) << 128 | end (uint40) << 40 | maxEnd (uint40).
    /// @param offerHash EIP-712 struct hash of the offer.
    /// @param orderHash EIP-712 struct hash of the order.
    /// @dev `funder` and `fundingRef` are zero unless `LeaseFunded` follows in the same transaction. Packed because
    /// log data costs 8 gas a byte on the hottest path.
    event LeaseOpened(
        bytes32 indexed lease,
        address indexed client,
        address indexed provider,
        uint256 tokenRate,
        uint256 keyUnitSeq,
        uint256 payToStartGraceFee,
        uint256 escrowEnds,
        bytes32 offerHash,
        bytes32 orderHash
    );
    /// @notice The lease just opened is paid by a funder's credit: Terms.funder and Terms.fundingRef.
    event LeaseFunded(bytes32 indexed lease, address indexed funder, bytes32 fundingRef);
    /// @notice The lease just opened was signed for by a mandate's operator; `committed` counts all its escrow so far.
    event MandateUsed(bytes32 indexed mandate, bytes32 indexed lease, uint128 committed);
    /// @notice An item of `openMany` failed and was skipped; `reason` is the error's selector (zero: none was given).
    event OpenSkipped(uint256 index, bytes4 reason);
    /// @notice Terms.paid became `total`; `amount` was credited to Terms.payTo and `fee` to the fees of the token.
    event LeaseSettled(bytes32 indexed lease, uint128 total, uint128 amount, uint128 fee);
    /// @notice An item of `settleMany` failed and was skipped; `reason` is the error's selector (zero: none was given).
    event SettleSkipped(uint256 index, bytes4 reason);
    /// @notice The lease is over and the unit is idle with seq + 1. `paid` is all that it cost, fees included: when it
    /// is more than Terms.paid was, payTo was credited with the difference less `fee`, which went to the token's fees
    /// (no LeaseSettled is emitted for this last step); `reason` is a CloseReason. `refund` went back to the client's cash, or to the funder's
    /// credit where one paid.
    event LeaseClosed(bytes32 indexed lease, uint128 paid, uint128 fee, uint128 refund, uint8 reason);
    /// @notice Terms.closeAt became `closeAt`.
    event CloseRequested(bytes32 indexed lease, uint40 closeAt);
    /// @notice Terms.end became `end` and Terms.escrow became `escrow`.
    event LeaseToppedUp(bytes32 indexed lease, uint40 end, uint128 escrow);

    /// @notice `amount` of `token` came into `account`'s cash.
    event Deposited(address indexed account, address indexed token, uint128 amount);
    /// @notice `amount` of `token` left `account`'s cash to the address `to`.
    event Withdrawn(address indexed account, address indexed token, address to, uint128 amount);
    /// @notice `amount` moved from the funder's cash into its credit `ref`.
    event CreditFunded(address indexed funder, bytes32 indexed ref, address indexed token, uint128 amount);
    /// @notice `amount` moved from the funder's credit `ref` back into its cash.
    event CreditUnfunded(address indexed funder, bytes32 indexed ref, address indexed token, uint128 amount);
    /// @notice Every offer, order and mandate that `account` signed with a lower counter is void, in every listed token.
    event CancelledAll(address indexed account, uint32 counter);
    /// @notice The mandate opens nothing more.
    event MandateRevoked(bytes32 indexed mandate);

    /// @notice Fees left the contract: `burned` was destroyed, `sunk` went to `to`.
    event FeesCollected(address indexed token, uint128 burned, address to, uint128 sunk);
    /// @notice The token may be used, or its fee changed; live leases keep their fee.
    event TokenListed(address indexed token, uint16 feeBps);
    /// @notice Entry in this token was paused or resumed; exits are not affected.
    event EntryPaused(address indexed token, bool paused);
    event FeeSinkSet(address sink);
    event FeeAuctionSet(address auction);
    event FeeSourceSet(address source);
    event BurnShareSet(uint16 bps);

    // --- entry ---
    error TokenNotListed(address token);
    error EntryIsPaused(address token);
    error TokenMismatch();
    error OfferNotYetValid(uint40 notBefore);
    error OfferExpired(uint40 expiry);
    error OrderExpired(uint40 expiry);
    error NotYourOffer(address client);
    error DurationOutOfRange(uint32 duration, uint32 minSeconds, uint32 maxSeconds);
    error GraceTooLong(uint32 grace, uint32 longest);
    error RateAboveLimit(uint96 rate, uint96 limit);
    error EscrowAboveLimit(uint128 escrow, uint128 limit);
    error OfferCancelled(uint32 counter);
    error OrderCancelled(uint32 counter);
    error NonceUsed(uint32 nonce);
    error NonceTooOld(uint32 nonce);
    error UnitNotAllowed();
    error UnitBusy(address provider, uint64 unit);
    error InsufficientCash(uint128 cash, uint128 needed);
    error BadOfferSignature();
    error BadOrderSignature();
    error NoLeaseKey();
    error NotEnoughGas();
    error FunderRefused(address funder);
    // --- gangs and batches ---
    error GangOutsideBatch(uint64 gang);
    error GangIncomplete(uint64 gang);
    error BadBatchEncoding();
    error OnlySelf();
    // --- mandates ---
    error BadMandate();
    error MandateMismatch();
    error MandateExpired(uint40 expiry);
    error MandateCancelled();
    error MandateExhausted(uint128 committed, uint128 maxTotal);
    error ProviderNotInMandate();
    // --- live leases ---
    error UnknownTerms();
    error TotalBelowPaid(uint128 total, uint128 paid);
    error TotalAboveCap(uint128 total, uint128 cap);
    error BadNoteSignature();
    error BadCloseSignature();
    error NotProvider();
    error NotPermitted();
    error CloseAlreadyRequested(uint40 closeAt);
    error NotClosable(uint40 from);
    error BeyondMaxEnd(uint40 maxEnd);
    error LeaseOver();
    // --- ledger and configuration ---
    error ZeroAmount();
    error ZeroAddress();
    error WrongAmountReceived(uint256 received, uint256 expected);
    error CashOverflow();
    error WrongCounter(uint32 next);
    error OutOfBounds();
    error TooManyTokens();
    error NothingToCollect();
    error NoFeeSink();
    error NoFeeAuction();
}
