// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IFunder} from "../interfaces/IFunder.sol";
import {ILeaseMarket, Mandate, MandateProof, Offer, OpenArgs, Order, Terms} from "../interfaces/ILeaseMarket.sol";
import {Batch} from "../libraries/Batch.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Cash} from "./Cash.sol";

/// @title Opening leases
/// @dev I5: a unit has at most one live lease (its slot is idle or holds one hash). I6: an order is spent at most once
/// (nonce window, counter), an offer opens nothing after its expiry or `cancelAll`. I10: the fee is at most MAX_FEE_BPS
/// and fixed at open. The only call that can change state, to a funder, comes before any storage is read.
abstract contract Opening is Cash {
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
    function openItem(OpenArgs calldata args) external {
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
            (bool ok, bytes4 reason) = Batch.run(this.openItem.selector, head, 1, start, size);
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

    /// @dev Checks what offer and order say of each other, then the parties' slots and signatures, then moves escrow.
    function _open(OpenArgs calldata args) private returns (bytes32 lease) {
        Offer calldata offer = args.offer;
        Order calldata order = args.order;
        uint256 tokenWord = _openToken(offer.token);
        Terms memory t;
        _agree(offer, order, t);
        if (order.funder != address(0)) _askFunder(offer, order, t);
        t.feeBps = _feeBps(tokenWord, t.client, t.provider);

        if (Ledger.counter(_ledger[t.token][t.provider]) != offer.counter) revert OfferCancelled(offer.counter);
        bytes32 offerStruct = LeaseHash.offer(offer);
        _checkOffer(args, offerStruct);
        bytes32 orderStruct = LeaseHash.order(order);
        bytes32 mandate = _commit(args, orderStruct, t);

        uint256 seq = _unit[t.provider][t.unit];
        if (seq > type(uint32).max) revert UnitBusy(t.provider, t.unit);
        t.seq = uint32(seq);
        _unit[t.provider][t.unit] = uint256(LeaseHash.termsInMemory(t));
        lease = LeaseHash.lease(t.provider, t.unit, seq);
        _emitOpened(lease, t, offerStruct, orderStruct);
        if (mandate != 0) emit MandateUsed(mandate, lease, Ledger.cash(_mandate[mandate]));
    }

    /// @dev The terms on which offer and order agree; fails when they do not.
    function _agree(Offer calldata offer, Order calldata order, Terms memory t) private view {
        if (order.token != offer.token) revert TokenMismatch();
        if (block.timestamp < offer.notBefore) revert OfferNotYetValid(offer.notBefore);
        if (block.timestamp > offer.expiry) revert OfferExpired(offer.expiry);
        if (block.timestamp > order.expiry) revert OrderExpired(order.expiry);
        if (offer.client != address(0) && offer.client != order.client) revert NotYourOffer(offer.client);
        if (order.key == address(0)) revert NoLeaseKey();
        uint32 duration = order.duration;
        if (duration == 0 || duration < offer.minSeconds || duration > offer.maxSeconds) {
            revert DurationOutOfRange(duration, offer.minSeconds, offer.maxSeconds);
        }
        uint96 rate = order.bid > offer.rate ? order.bid : offer.rate;
        if (rate > order.maxRate) revert RateAboveLimit(rate, order.maxRate);
        unchecked {
            // 96 bits times 32 bits is at most 128 bits; a timestamp and 32 bits stay below 40 bits.
            uint128 escrow = uint128(rate) * duration;
            if (escrow > order.maxEscrow) revert EscrowAboveLimit(escrow, order.maxEscrow);
            t.escrow = escrow;
            t.start = uint40(block.timestamp);
            t.end = uint40(block.timestamp) + duration;
            t.maxEnd = uint40(block.timestamp) + offer.maxSeconds;
        }
        t.provider = offer.provider;
        t.unit = offer.unit;
        t.client = order.client;
        t.payTo = offer.payTo == address(0) ? offer.provider : offer.payTo;
        t.key = order.key;
        t.token = order.token;
        t.rate = rate;
        t.grace = offer.grace;
        t.funder = order.funder;
        t.fundingRef = order.fundingRef;
    }

    function _askFunder(Offer calldata offer, Order calldata order, Terms memory t) private {
        (bool ok, bytes memory answer) = address(t.funder).call{gas: FUNDER_GAS}(
            abi.encodeCall(IFunder.authorize, (order, offer, t.rate, t.escrow))
        );
        if (!ok || answer.length < 32 || bytes32(answer) != bytes32(IFunder.authorize.selector)) {
            revert FunderRefused(t.funder);
        }
    }

    /// @dev The token's fee less a discount, which can neither fail the opening nor raise the fee.
    function _feeBps(uint256 tokenWord, address client, address provider) private view returns (uint16) {
        uint256 fee = uint16(tokenWord >> FEE_BPS_SHIFT);
        address source = address(uint160(tokenWord));
        if (source == address(0)) return uint16(fee);
        // Else a sender could withhold gas and take a discount away.
        if (gasleft() < FEE_SOURCE_GAS * 2) revert NotEnoughGas();
        bytes memory question = abi.encodeCall(IFeeSource.discountBps, (client, provider));
        uint256 discount = 0;
        uint256 limit = FEE_SOURCE_GAS;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let ok := staticcall(limit, source, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { discount := mload(0x00) }
        }
        if (discount > MAX_DISCOUNT_BPS) discount = MAX_DISCOUNT_BPS;
        unchecked {
            return uint16(fee - (fee * discount) / BPS);
        }
    }

    /// @dev The provider signed the offer itself, or the root of a batch that holds it.
    function _checkOffer(OpenArgs calldata args, bytes32 offerStruct) private {
        bytes32[] calldata proof = args.offerProof;
        bool ok;
        if (proof.length == 0) {
            ok = Signatures.isFrom(args.offer.provider, _digest(offerStruct), args.offerSig);
        } else {
            bytes32 root = LeaseHash.root(proof, LeaseHash.offerLeaf(offerStruct));
            bytes32 batch = _digest(LeaseHash.one(LeaseHash.OFFER_BATCH_TYPEHASH, root));
            ok = Signatures.isFromOnce(args.offer.provider, batch, args.offerSig);
        }
        if (!ok) revert BadOfferSignature();
    }

    /// @dev The client, or a mandate's operator, signed the order and it is unspent; takes the escrow.
    function _commit(OpenArgs calldata args, bytes32 orderStruct, Terms memory t) private returns (bytes32 mandate) {
        Order calldata order = args.order;
        if (order.units != 0 && !_allowed(args.unitProof, order.units, t)) revert UnitNotAllowed();
        uint256 word = _ledger[t.token][t.client];
        if (Ledger.counter(word) != order.counter) revert OrderCancelled(order.counter);
        address signer = t.client;
        if (args.mandate.length == 0) {
            word = Ledger.spend(word, order.nonce);
        } else {
            (mandate, signer) = _spendMandate(args, t);
        }
        if (t.funder == address(0)) word = Ledger.debit(word, t.escrow);
        else _takeCredit(t.token, _creditKey(t.funder, t.fundingRef), t.escrow);
        _ledger[t.token][t.client] = word;
        if (!Signatures.isFrom(signer, _digest(orderStruct), args.orderSig)) revert BadOrderSignature();
    }

    /// @dev Checks the mandate's bounds and its client's signature, and books the escrow and the order's nonce on it.
    /// The replay window is the mandate's own, so an operator cannot disturb the client's own orders.
    function _spendMandate(OpenArgs calldata args, Terms memory t) private returns (bytes32 id, address operator) {
        MandateProof calldata given;
        {
            // abi.encode(Mandate, bytes, bytes32[]) lies as the struct would; members are still checked when read.
            bytes calldata raw = args.mandate;
            if (raw.length < 0x180) revert BadMandate();
            assembly {
                given := raw.offset
            }
        }
        Mandate calldata m = given.mandate;
        if (m.client != t.client || m.token != t.token) revert MandateMismatch();
        if (m.counter != args.order.counter) revert MandateCancelled();
        if (block.timestamp > m.expiry) revert MandateExpired(m.expiry);
        if (t.rate > m.maxRate) revert RateAboveLimit(t.rate, m.maxRate);
        if (t.escrow > m.maxEscrow) revert EscrowAboveLimit(t.escrow, m.maxEscrow);
        if (m.providers != 0 && !_allowed(given.proof, m.providers, t)) revert ProviderNotInMandate();
        id = LeaseHash.mandate(m);
        uint256 word = _mandate[id];
        if (word >> 224 == Ledger.REVOKED) revert MandateCancelled();
        uint128 committed = Ledger.cash(word);
        if (t.escrow > m.maxTotal || committed > m.maxTotal - t.escrow) revert MandateExhausted(committed, m.maxTotal);
        _mandate[id] = Ledger.credit(Ledger.spend(word, args.order.nonce), t.escrow);
        operator = m.operator;
        if (!Signatures.isFrom(m.client, _digest(id), given.sig)) revert BadMandate();
    }

    /// @dev Whether a list names this unit, or its provider with all units.
    function _allowed(bytes32[] calldata proof, bytes32 root, Terms memory t) private pure returns (bool) {
        return LeaseHash.root(proof, LeaseHash.unitLeaf(t.provider, t.unit)) == root
            || LeaseHash.root(proof, LeaseHash.unitLeaf(t.provider, type(uint256).max)) == root;
    }

    function _emitOpened(bytes32 lease, Terms memory t, bytes32 offerStruct, bytes32 orderStruct) private {
        emit LeaseOpened(
            lease,
            t.client,
            t.provider,
            (uint256(uint160(t.token)) << 96) | t.rate,
            (uint256(uint160(t.key)) << 96) | (uint256(t.unit) << 32) | t.seq,
            (uint256(uint160(t.payTo)) << 96) | (uint256(t.start) << 48) | (uint256(t.grace) << 16) | t.feeBps,
            (uint256(t.escrow) << 128) | (uint256(t.end) << 40) | t.maxEnd,
            offerStruct,
            orderStruct
        );
        if (t.funder != address(0)) emit LeaseFunded(lease, t.funder, t.fundingRef);
    }
}
