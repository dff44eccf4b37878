// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IFunder} from "../interfaces/IFunder.sol";
import {ILeaseMarket, Mandate, Offer, OpenArgs, Order} from "../interfaces/ILeaseMarket.sol";
import {Batch} from "../libraries/Batch.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {LeaseTerms} from "../libraries/LeaseTerms.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {OfferWords, OrderWords, Word, Words} from "../libraries/Words.sol";
import {Consent} from "./Consent.sol";

/// @title Opening leases
/// @dev I5: a unit has at most one live lease (its slot is idle or holds one hash). I6: an order is spent at most once
/// (nonce window, counter), an offer opens nothing after its expiry or `cancelAll`. I10: the fee is at most MAX_FEE_BPS
/// and fixed at open. The only call that can change state, to a funder, comes before any storage is read.
abstract contract Opening is Consent {
    /// @inheritdoc ILeaseMarket
    function open(OpenArgs calldata args) external returns (bytes32 lease) {
        if (args.order.gang != 0) revert GangOutsideBatch(args.order.gang);
        return _open(args);
    }

    /// @inheritdoc ILeaseMarket
    function openMany(OpenArgs[] calldata args, bool allOrNone) external {
        if (allOrNone) _openAll(args);
        else _openEach(args);
    }

    /// @notice One item of `openMany`, by the contract itself.
    function openPart(OpenArgs calldata args) external {
        if (msg.sender != address(this)) revert OnlySelf();
        if (args.order.gang != 0) revert GangOutsideBatch(args.order.gang);
        _open(args);
    }

    /// @inheritdoc ILeaseMarket
    function offerHash(Offer calldata offer) external pure returns (bytes32) {
        return LeaseHash.offer(offer);
    }

    /// @inheritdoc ILeaseMarket
    function orderHash(Order calldata order) external pure returns (bytes32) {
        return LeaseHash.order(order);
    }

    /// @inheritdoc ILeaseMarket
    function mandateHash(Mandate calldata mandate) external pure returns (bytes32) {
        return LeaseHash.mandate(mandate);
    }

    function _openEach(OpenArgs[] calldata args) private {
        uint256 table;
        assembly {
            table := args.offset
        }
        uint256[3] memory head;
        head[0] = 0x20;
        for (uint256 i = 0; i < args.length; ++i) {
            (uint256 start, uint256 size) = Batch.region(table, args.length, i);
            if (size == 0) revert BadBatchEncoding();
            (bool ok, bytes4 reason) = Batch.run(this.openPart.selector, head, 1, start, size);
            if (!ok) emit OpenSkipped(i, reason);
        }
    }

    function _openAll(OpenArgs[] calldata args) private {
        uint256 left = 0; // members that the current gang still needs
        uint64 gang = 0;
        address client = address(0);
        for (uint256 i = 0; i < args.length; ++i) {
            Order calldata order = args[i].order;
            if (left == 0) {
                gang = order.gang;
                client = order.client;
                left = gang == 0 ? 1 : uint16(gang);
                if (left == 0) revert GangIncomplete(gang);
            } else if (order.gang != gang || order.client != client) {
                revert GangIncomplete(gang);
            }
            _open(args[i]);
            --left;
        }
        if (left != 0) revert GangIncomplete(gang);
    }

    /// @dev Checks what offer and order say of each other, then the parties' words and signatures, then moves escrow.
    function _open(OpenArgs calldata args) private returns (bytes32 lease) {
        OfferWords calldata offer = Words.from(args.offer);
        OrderWords calldata order = Words.from(args.order);
        bytes32 domain = domainSeparator();
        uint256 feeBps = _openToken(Words.toAddress(offer.token));
        (uint256 rate, uint256 escrow) = _agree(offer, order);
        if (Words.toAddress(order.funder) != address(0)) _askFunder(args, rate, escrow);
        feeBps = _feeBps(feeBps, offer, order);

        mapping(uint256 account => Word) storage book = _ledger[uint160(offer.token)];
        if (Ledger.counter(book[uint160(offer.provider)].value) != uint32(offer.counter)) {
            revert OfferCancelled(uint32(offer.counter));
        }
        bytes32 offerStruct = LeaseHash.offer(args.offer);
        _checkOffer(args, domain, offerStruct);
        bytes32 orderStruct = LeaseHash.order(args.order);
        bytes32 mandate =
            _commit(args, book[uint160(order.client)], orderStruct, LeaseHash.digest(domain, orderStruct), rate, escrow);

        uint256 t;
        (lease, t) = _occupy(offer, order, rate, escrow, feeBps);
        LeaseTerms.emitOpened(t, lease, offerStruct, orderStruct);
        if (Words.toAddress(order.funder) != address(0)) {
            emit LeaseFunded(lease, Words.toAddress(order.funder), bytes32(order.fundingRef));
        }
        if (mandate != 0) emit MandateUsed(mandate, lease, Ledger.cash(_mandate[mandate].value));
    }

    /// @dev Puts the hash of the new terms into the unit's slot, which must be idle.
    /// @return lease The id of the lease.
    /// @return t Where the terms lie in memory.
    function _occupy(
        OfferWords calldata offer,
        OrderWords calldata order,
        uint256 rate,
        uint256 escrow,
        uint256 feeBps
    ) private returns (bytes32 lease, uint256 t) {
        Word storage slot = _slotOf(offer.provider, offer.unit);
        uint256 seq = slot.value;
        if (seq > type(uint32).max) revert UnitBusy(Words.toAddress(offer.provider), uint64(offer.unit));
        t = LeaseTerms.build(offer, order, rate, escrow, seq, feeBps);
        slot.value = LeaseTerms.hash(t);
        lease = LeaseHash.lease(uint160(offer.provider), uint64(offer.unit), seq);
    }

    /// @dev The rate and the escrow on which offer and order agree; fails when they do not.
    /// @return rate At most 96 bits.
    /// @return escrow At most 128 bits: 96 bits times 32 bits.
    function _agree(OfferWords calldata offer, OrderWords calldata order)
        private
        view
        returns (uint256 rate, uint256 escrow)
    {
        if (Words.toAddress(offer.token) != Words.toAddress(order.token)) revert TokenMismatch();
        address invited = Words.toAddress(offer.client);
        if (invited != address(0) && invited != Words.toAddress(order.client)) revert NotYourOffer(invited);
        uint256 duration = uint32(order.duration);
        bool over = Words.either(block.timestamp > uint40(offer.expiry), block.timestamp > uint40(order.expiry));
        bool outside = Words.either(duration < uint32(offer.minSeconds), duration > uint32(offer.maxSeconds));
        bool odd = Words.either(uint32(offer.grace) > MAX_GRACE, Words.toAddress(order.key) == address(0));
        over = Words.either(over, block.timestamp < uint40(offer.notBefore));
        outside = Words.either(outside, duration == 0);
        if (Words.either(Words.either(over, outside), odd)) _refuse(offer, order);
        rate = uint96(offer.rate);
        if (uint96(order.bid) > rate) rate = uint96(order.bid);
        unchecked {
            escrow = rate * duration;
        }
        if (Words.either(rate > uint96(order.maxRate), escrow > uint128(order.maxEscrow))) {
            if (rate > uint96(order.maxRate)) revert RateAboveLimit(uint96(rate), uint96(order.maxRate));
            revert EscrowAboveLimit(uint128(escrow), uint128(order.maxEscrow));
        }
    }

    /// @dev Says which of the words that `_agree` looks at together does not fit.
    function _refuse(OfferWords calldata offer, OrderWords calldata order) private view {
        if (block.timestamp < uint40(offer.notBefore)) revert OfferNotYetValid(uint40(offer.notBefore));
        if (block.timestamp > uint40(offer.expiry)) revert OfferExpired(uint40(offer.expiry));
        if (block.timestamp > uint40(order.expiry)) revert OrderExpired(uint40(order.expiry));
        if (Words.toAddress(order.key) == address(0)) revert NoLeaseKey();
        if (uint32(offer.grace) > MAX_GRACE) revert GraceTooLong(uint32(offer.grace), MAX_GRACE);
        revert DurationOutOfRange(uint32(order.duration), uint32(offer.minSeconds), uint32(offer.maxSeconds));
    }

    /// @dev IFunder.authorize(order, offer, rate, escrow): both structs are static, so they are copied as they lie.
    function _askFunder(OpenArgs calldata args, uint256 rate, uint256 escrow) private {
        Order calldata order = args.order;
        Offer calldata offer = args.offer;
        address funder = order.funder;
        uint256 limit = FUNDER_GAS;
        bytes32 magic = bytes32(IFunder.authorize.selector);
        bool ok;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, magic)
            calldatacopy(add(m, 0x04), order, 0x1c0)
            calldatacopy(add(m, 0x1c4), offer, 0x1a0)
            mstore(add(m, 0x364), rate)
            mstore(add(m, 0x384), escrow)
            mstore(0x00, 0)
            ok := call(limit, funder, 0, m, 0x3a4, 0x00, 0x20)
            ok := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0x00), magic)))
        }
        if (!ok) revert FunderRefused(funder);
    }

    /// @dev The token's fee less a discount, which can neither fail the opening nor raise the fee.
    function _feeBps(uint256 tokenWord, OfferWords calldata offer, OrderWords calldata order)
        private
        view
        returns (uint256 fee)
    {
        fee = uint16(tokenWord >> FEE_BPS_SHIFT);
        address source = Words.toAddress(tokenWord);
        if (source == address(0)) return fee;
        // Else a sender could withhold gas and take a discount away.
        if (gasleft() < FEE_SOURCE_GAS * 2) revert NotEnoughGas();
        bytes memory question =
            abi.encodeCall(IFeeSource.discountBps, (Words.toAddress(order.client), Words.toAddress(offer.provider)));
        uint256 discount = 0;
        uint256 limit = FEE_SOURCE_GAS;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let ok := staticcall(limit, source, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { discount := mload(0x00) }
        }
        if (discount > MAX_DISCOUNT_BPS) discount = MAX_DISCOUNT_BPS;
        unchecked {
            return fee - (fee * discount) / BPS;
        }
    }
}
